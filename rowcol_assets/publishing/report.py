"""What one publish did, and the error that says for whom it did not. How it is done is in `publish`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ingestion.errors import RowcolError


@dataclass(frozen=True, slots=True)
class Generation:
    """What was swapped in for one advisor.

    path: the link outsiders read. held: business to reason. uncleared: which former files could not be cleared away, in words.
    """

    advisor: str
    number: int
    path: Path
    rows: int
    held: dict[str, str]
    uncleared: str | None = None


@dataclass(frozen=True, slots=True)
class PublishReport:
    """What one publish did.

    removed: advisors unknown to the control store, whose files were taken away. withdrawn: those of `failed` whose former
    files were taken away too, because they showed a business that is granted no more.
    """

    changed: tuple[Generation, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    failed: dict[str, str] = field(default_factory=dict)
    withdrawn: tuple[str, ...] = ()

    @property
    def uncleared(self) -> dict[str, str]:
        """What could not be cleared away of the former files of advisors who have their new ones."""
        return {one.advisor: one.uncleared for one in self.changed if one.uncleared}


class PublishError(RowcolError):
    """Some advisors could not be published, or their former files not be cleared away; `report` says what became of each."""

    def __init__(self, report: PublishReport) -> None:
        self.report = report
        withdrawn = {advisor: reason for advisor, reason in report.failed.items() if advisor in report.withdrawn}
        left = {advisor: reason for advisor, reason in report.failed.items() if advisor not in report.withdrawn}
        told = {
            "not published, the former files stay": left,
            "not published, the former files are taken away for what they show of clients granted no more": withdrawn,
            "published, but not all former files are cleared away": report.uncleared,
        }
        super().__init__(
            "; ".join(
                f"{what}: " + "; ".join(f"{advisor} ({reason})" for advisor, reason in reasons.items())
                for what, reasons in told.items()
                if reasons
            )
        )
