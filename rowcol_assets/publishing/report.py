"""What one publish did, and the error that says for whom it did not. How it is done is in `publish`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ingestion.errors import RowcolError


@dataclass(frozen=True, slots=True)
class Generation:
    """What was swapped in for one advisor. path: the link outsiders read. held: business to reason."""

    advisor: str
    number: int
    path: Path
    rows: int
    held: dict[str, str]


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


class PublishError(RowcolError):
    """Some advisors could not be published; `report` says what became of each."""

    def __init__(self, report: PublishReport) -> None:
        self.report = report
        withdrawn = {advisor: reason for advisor, reason in report.failed.items() if advisor in report.withdrawn}
        left = {advisor: reason for advisor, reason in report.failed.items() if advisor not in report.withdrawn}
        told = {
            "not published, the former files stay": left,
            "not published, the former files are taken away for what they show of clients granted no more": withdrawn,
        }
        super().__init__(
            "; ".join(
                f"{what}: " + "; ".join(f"{advisor} ({reason})" for advisor, reason in reasons.items())
                for what, reasons in told.items()
                if reasons
            )
        )
