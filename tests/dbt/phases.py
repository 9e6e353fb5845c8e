"""The phases in which a business connects its rails, a warehouse with a business in each, and what every mart holds of them.

`python -m tests.dbt.phases` builds that warehouse and writes the page `docs/phases.md`. The businesses themselves are in
`tests/dbt/rails.py`.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from tests.dbt.asking import rows
from tests.dbt.documents import aged_report, bill_payment
from tests.dbt.ledgers import NOW, build_marts
from tests.dbt.project import DbtProject, dbt_project
from tests.dbt.rails import phased_business
from tests.dbt.rawfill import RawWarehouse

PAGE = Path(__file__).parents[2] / "docs" / "phases.md"

# Rails beside the ledger, by the name of the business that has them.
PHASES: dict[str, tuple[str, ...]] = {
    "ledger": (),
    "ramp": ("ramp",),
    "bank": ("ramp", "plaid"),
    "all": ("ramp", "plaid", "stripe"),
    "bank_only": ("plaid",),
}

# Rows of these are the state of one rail each, so they name it and have no other that could be degraded.
OF_ONE_RAIL = {"marts.fct_rail_freshness", "marts.fct_connection_health", "marts.fct_api_health"}
# Rows of these say what two rails have of one thing, so a business with too few rails has none.
OF_SEVERAL_RAILS = {
    "marts.bill_map", "marts.fct_bank_closure", "marts.fct_conflict", "marts.fct_double_payment", "marts.fct_exception", "marts.fct_match",
    "marts.fct_payout_lines", "marts.fct_payout_recon",
}  # fmt: skip
CALLS = '{"/any":{"calls":1,"errors":0,"throttled":0,"latency":{"10":1}}}'

HEAD = """# Phases

A business may have the ledger alone or any further rails beside it, and every mart and experience builds for each. This
page is made by `python -m tests.dbt.phases` from one small business per phase (`tests/dbt/rails.py`), and
`tests/dbt/test_phases.py` fails when it is not what the models give.

A cell is the number of rows and, in brackets, which rails the rows name in `rails_used`. All but `marts.fct_rail_freshness`,
`marts.fct_connection_health` and `marts.fct_api_health`, whose rows are the state of one rail itself, have `degraded_rails` beside it.
"""


def rails_of(phase: str) -> str:
    """The rails a business of `phase` has, as `rails_used` spells them."""
    return ",".join(sorted(("qbo", *PHASES[phase])))


def build(project: DbtProject, path: Path) -> Path:
    """One warehouse with a business per phase, everything built."""
    with RawWarehouse(path) as raw:
        raw.load("1")
        for business_id, rails in PHASES.items():
            phased_business(raw, business_id, rails)
            raw.versions(business_id, "bill_payments", [bill_payment("12", "8", 20, "2026-06-10")])
            for entity, name in (("aged_payables", "AgedPayables"), ("aged_receivables", "AgedReceivables")):
                report = aged_report(name, {"1": ("40.00", "", "", "", "")})
                raw.version(business_id, entity, report, record_id=name, updated_at=NOW - timedelta(hours=1))
            for rail in ("qbo", *rails):
                raw.control("sync_outcomes", business_id=business_id, rail=rail, finished_at=NOW - timedelta(days=1), calls=CALLS)
            decision = {"decision_no": 1, "decision_id": "d1", "business_id": business_id, "advisor_id": "ann", "kind": "approve"}
            raw.control("decisions", **decision, subject='{"rail":"qbo","bill":"11","guardrail":"let"}', decided_at=NOW)
            raw.checked(business_id, "H11", at=NOW, entity="invoices", record_id="9", observed="large")
        raw.begun(NOW - timedelta(days=1))
    build_marts(project, path)
    return path


def facts(path: Path) -> dict[str, dict[str, tuple[int, list[str]]]]:
    """Per mart and experience, and phase: how many rows there are and the values of `rails_used` in them."""
    shown = rows(
        path,
        "select table_schema || '.' || table_name from information_schema.tables where table_schema in ('marts', 'experiences') order by 1",
    )
    found: dict[str, dict[str, tuple[int, list[str]]]] = {}
    for (relation,) in shown:
        counted = rows(path, f"select business_id, count(*), list(distinct rails_used order by rails_used) from {relation} group by 1")
        by_phase = {business_id: (count, rails) for business_id, count, rails in counted}
        found[relation] = {phase: by_phase.get(phase, (0, [])) for phase in PHASES}
    return found


def page(path: Path) -> str:
    """The page `docs/phases.md` for the warehouse at `path`."""
    lines = [HEAD, f"| relation | {' | '.join(rails_of(phase).replace(',', ', ') for phase in PHASES)} |", f"|---|{'---|' * len(PHASES)}"]
    for relation, by_phase in facts(path).items():
        cells = [f"{count} ({'; '.join(value.replace(',', ', ') for value in rails)})" for count, rails in by_phase.values()]
        lines.append(f"| `{relation}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        PAGE.write_text(page(build(dbt_project(), Path(folder) / "warehouse.duckdb")))
    sys.stdout.write(PAGE.read_text())
