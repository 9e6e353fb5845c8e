"""What was promised of published files and how it was kept: how soon changes were published, how long files could be read."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from ingestion.clock import utc_text
from rowcol_assets.audit.act_events import HOME
from tests.dbt.asking import rows
from tests.dbt.ledgers import NOW, only_row, small_warehouse
from tests.dbt.project import DbtProject, broken
from tests.dbt.rawfill import RawWarehouse, realm_of

MIDNIGHT = datetime(2026, 6, 29, tzinfo=UTC)
SHOWN = "changes, changes_in_time, changes_unpublished, changes_without_source_time, freshness_share, is_freshness_met"


class Log:
    """Events as the log has them, of which the mart reads these columns alone."""

    def __init__(self, raw: RawWarehouse) -> None:
        self.raw, self.seq = raw, 0

    def _event(self, **columns: Any) -> None:
        self.seq += 1
        instants = ", ".join(
            f"timestamp '{columns.pop(name):%Y-%m-%d %H:%M:%S}' as {name}" for name in ("occurred_at", "observed_at", "recorded_at")
        )
        texts = ", ".join(f"'{text}' as {name}" for name, text in columns.items())
        self.raw.execute(
            f"insert into audit.transaction_log by name select {self.seq} as seq, 'e{self.seq}' as event_id, {instants}, {texts}"
        )

    def change(self, business: str, occurred: datetime, observed: datetime, logged: datetime | None = None) -> None:
        said = {
            "business_id": business,
            "rail": "qbo",
            "client": realm_of(business),
            "actor_type": "rail",
            "entity": "bills",
            "action": "updated",
        }
        self._event(occurred_at=occurred, observed_at=observed, recorded_at=logged or observed, **said)

    def publication(self, advisor: str, at: datetime, ready: datetime, businesses: list[str], held: tuple[str, ...] = ()) -> None:
        told = {"published_at": utc_text(at), "ready_at": utc_text(ready), "businesses": businesses, "held": held}
        said = {"business_id": HOME, "actor_type": "platform", "entity": "publications", "record_id": advisor, "action": "updated"}
        next_cycle = at + timedelta(minutes=15)
        self._event(occurred_at=at, observed_at=next_cycle, recorded_at=next_cycle, snapshot=json.dumps(told), **said)


def minutes(number: float) -> datetime:
    """So many minutes into the 29th."""
    return MIDNIGHT + timedelta(minutes=number)


def build(project: DbtProject, path: Path, now: datetime) -> None:
    assert broken(project.build(path, "--select", "+fct_service_level", now=now.isoformat())) == []


def test_levels_are_told_once_a_day_from_what_was_seen_published_and_tried(project: DbtProject, tmp_path: Path) -> None:
    path = small_warehouse(tmp_path, "acme", "held", "quiet")
    first_read = MIDNIGHT - timedelta(days=9)
    with RawWarehouse(path) as raw:
        raw.execute(f"update raw_control.businesses set onboarded_at = '{first_read}'")
        for business in ("acme", "held", "quiet"):
            key = {"business_id": business, "connection_id": realm_of(business), "rail": "qbo"}
            raw.control("sync_outcomes", **key, outcome_id=business, started_at=first_read, finished_at=first_read)
            for advisor in ("ann", "bob") if business == "acme" else ("ann",):
                raw.control("grants", business_id=business, advisor_id=advisor, role="owner", valid_from=first_read)
        log = Log(raw)
        log.change("acme", first_read - timedelta(days=400), first_read)  # the first sync's own
        for at in (0, 15, 30, 45):
            who = ["acme", "held", "quiet"]
            log.publication("ann", minutes(at), minutes(at + 1), who, held=("held",))
            log.publication("bob", minutes(at), minutes(at + 2), ["acme"])
        log.change("acme", minutes(2), minutes(15))  # read after 17 - 2 minutes: in time to the second
        log.change("acme", minutes(16.9), minutes(30))  # after 15.1
        log.change("acme", minutes(29), minutes(30))  # after 3
        log.change("acme", minutes(28), minutes(29), minutes(45))  # fetched alone, logged by the next cycle: after 19
        log.change("acme", minutes(30), minutes(30))  # its vendor has no time of change
        log.change("held", minutes(10), minutes(15))
        for advisor, failed in (("ann", 0), ("bob", 120)):
            day = {"advisor_id": advisor, "day": MIDNIGHT.date(), "last_probe_at": minutes(60)}
            raw.control("published_days", **day, probes=90, failed_probes=failed // 60, observed_seconds=86_000, failed_seconds=failed)

    build(project, path, NOW.replace(hour=0, minute=59))
    assert rows(path, "select count(*) from marts.fct_service_level where period_start_date = date '2026-06-29'") == [(0,)]
    build(project, path, NOW.replace(hour=1))
    asked = (
        f"select business_id, {SHOWN} from marts.fct_service_level where period_end_date = date '2026-06-29' and period = 'day' order by 1"
    )
    assert rows(path, asked) == [
        ("acme", 4, 2, 0, 1, Decimal("0.5"), False),
        ("held", 1, 0, 1, 0, Decimal(0), False),
        ("quiet", 0, 0, 0, 0, None, None),
    ]
    acme = "select * from marts.fct_service_level where business_id = 'acme' and period_end_date = date '2026-06-29' and period = '{}'"
    day, month = (only_row(path, acme.format(period)) for period in ("day", "month"))
    assert (day["minutes_to_publish_p50"], day["minutes_to_publish_p95"]) == (Decimal("15.0"), Decimal("19.0"))
    assert month["period_start_date"] == date(2026, 6, 1)
    assert {name: value for name, value in month.items() if not name.startswith("period")} == {
        name: value for name, value in day.items() if not name.startswith("period")
    }
    # The worse of both files: 86 seconds may fail of 86,000, and 120 did.
    assert (day["probes"], day["failed_probes"], day["observed_minutes"]) == (90, 2, Decimal("1433.3"))
    assert (day["availability_share"], day["error_budget_minutes"], day["error_budget_left_minutes"]) == (
        Decimal("0.998605"),
        Decimal("1.43"),
        Decimal("-0.57"),
    )
    before = "from marts.fct_service_level where period_start_date = date '2026-06-28' order by 1"
    reasons = f"select distinct business_id, freshness_null_reason, availability_null_reason {before}"
    assert rows(path, reasons) == [(name, "no_changes", "not_watched") for name in ("acme", "held", "quiet")]

    with RawWarehouse(path) as raw:
        raw.execute("update marts.fct_service_level set changes = 99")
    build(project, path, NOW)
    assert rows(path, "select distinct changes from marts.fct_service_level") == [(99,)], "not told again the same day"
    build(project, path, NOW + timedelta(days=1))
    assert rows(
        path,
        "select period, changes from marts.fct_service_level where business_id = 'acme' and period_end_date = date '2026-06-30' order by 1",
    ) == [
        ("day", 0),
        ("month", 4),
    ]
