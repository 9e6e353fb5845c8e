"""What a run of the checks found, as facts: per business and check, and summed per check for asset checks.

Failing records themselves are rows of `quality.expectation_failures`; here are only counts and at most 20 keys per
check, never values, because this travels into Dagster's event log.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Status = Literal["passed", "noted", "failed", "not_applicable", "error"]

SAMPLE_SIZE = 20


@dataclass(frozen=True, slots=True)
class BusinessCheck:
    """One check at one business. error: the one-line reason when the status is `error`."""

    business_id: str
    check_id: str
    status: Status
    records_checked: int = 0
    records_failed: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class CheckSummary:
    """One check over all businesses of the run. sample_keys: business/rail/entity/record of at most 20 failures."""

    check_id: str
    status: Status
    records_checked: int
    records_failed: int
    businesses_failed: int
    businesses_errored: int
    sample_keys: tuple[str, ...]
    error: str | None


@dataclass(frozen=True, slots=True)
class CheckReport:
    """One run of the checks: every business and check it covered, in check order."""

    run_id: str
    ran_at: datetime
    results: tuple[BusinessCheck, ...]
    samples: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def summaries(self) -> tuple[CheckSummary, ...]:
        """One summary per check of the run; the worst status wins: error, then failed, then noted."""
        by_check: dict[str, list[BusinessCheck]] = {}
        for result in self.results:
            by_check.setdefault(result.check_id, []).append(result)
        return tuple(self._summary(check_id, results) for check_id, results in by_check.items())

    def _summary(self, check_id: str, results: list[BusinessCheck]) -> CheckSummary:
        found = {result.status for result in results}
        order: tuple[Status, ...] = ("error", "failed", "noted", "passed", "not_applicable")
        return CheckSummary(
            check_id=check_id,
            status=next(status for status in order if status in found),
            records_checked=sum(result.records_checked for result in results),
            records_failed=sum(result.records_failed for result in results),
            businesses_failed=sum(result.status == "failed" for result in results),
            businesses_errored=sum(result.status == "error" for result in results),
            sample_keys=self.samples.get(check_id, ()),
            error=next((result.error for result in results if result.error), None),
        )
