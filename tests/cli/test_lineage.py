"""`rowcol lineage`: from a mart's row to the raw versions it rests on, of its own business alone."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from ingestion.settings import Settings
from rowcol_assets.cli.main import main
from tests.dbt.asking import rows
from tests.dbt.documents import bill
from tests.dbt.ledgers import NOW, build_marts, small_ledger
from tests.dbt.parties import bank_payment, paying_vendor
from tests.dbt.payments import ramp_bill
from tests.dbt.project import dbt_project
from tests.dbt.rawfill import RawWarehouse

BUILT = ("fct_bills", "fct_ap_aging", "fct_runway_daily", "fct_match", "vendor_map")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Two businesses with equal ids; acme's bill 7 was changed once and is Ramp's rb, as ann says, who entered a bill of its vendor 1."""
    settings = Settings(home=tmp_path_factory.mktemp("home"), now=NOW)
    with RawWarehouse(settings.warehouse_path) as raw:
        raw.load("1")
        for business_id in ("acme", "other"):
            small_ledger(raw, business_id)
        later = NOW - timedelta(minutes=30)
        raw.version("acme", "bills", bill("7", 90), updated_at=later, observed_at=later, version_no=2, delivery="webhook")
        told = {"business_id": "acme", "advisor_id": "ann", "decided_at": NOW}
        entered = {"vendor_id": "1", "amount": "5", "bill_date": "2026-06-20", "due_date": "2026-07-20"}
        raw.control("decisions", **told, decision_no=1, decision_id="e1", kind="enter-bill", subject=json.dumps(entered))
        raw.control("decisions", **told, decision_no=2, decision_id="v1", kind="admitted", subject='{"decision_id":"e1"}')
        for rail in ("ramp", "plaid"):
            raw.connect("acme", rail, now=NOW)
        paying_vendor(raw, "acme", "r1", "Vendor 1", accounting_vendor_remote_id="1")
        ramp_bill(raw, "acme", "rb", "7", 90, "2026-06-20")
        for text in ("t1", "t2"):
            bank_payment(raw, "acme", text, "VENDOR ONE")
        sides = {
            "left_rail": "ramp",
            "left_entity": "bills",
            "left_id": "rb",
            "right_rail": "qbo",
            "right_entity": "bills",
            "right_id": "7",
        }
        raw.control("decisions", **told, decision_no=3, decision_id="m1", kind="confirm-match", subject=json.dumps(sides))
    build_marts(dbt_project(), settings.warehouse_path, only=BUILT)
    rows(settings.warehouse_path, "drop table experiences.portfolio")
    return settings


@pytest.fixture
def asked(settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.setattr("ingestion.settings.load_settings", lambda: settings)

    def ask(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as end:
            main(["lineage", *arguments])
        told = capsys.readouterr()
        return int(end.value.code or 0), told.out + told.err

    return ask


@pytest.mark.parametrize("named", [("marts.fct_bills", "acme", "qbo", "7"), ("marts.fct_ap_aging", "acme", "qbo", "bill", "7")])
def test_a_document_leads_to_every_version_of_its_record_and_of_the_parties_it_names(asked: Any, named: tuple[str, ...]) -> None:
    code, told = asked(*named, "--json")
    found = json.loads(told)
    own = [(one["version_no"], one["delivery"]) for one in found["versions"] if (one["entity"], one["record_id"]) == ("bills", "7")]
    assert (code, own) == (0, [(2, "webhook"), (1, "schedule")])
    if "change_id" in found["row"]:
        assert found["versions"][0]["change_id"] == found["row"]["change_id"], "the newest is the one the row was made from"
        reached = {(one["rail"], one["entity"], one["record_id"]) for one in found["versions"]}
        assert reached == {("qbo", "bills", "7"), ("ramp", "bills", "rb"), ("qbo", "vendors", "1"), ("qbo", "accounts", "60")}


def test_a_match_leads_to_both_its_records_and_to_whose_word_it_is(asked: Any, settings: Settings) -> None:
    ((match_id, member, *sides),) = rows(
        settings.warehouse_path, "select match_id, member_no, left_id, right_id from marts.fct_match where pair = 'bill'"
    )
    code, told = asked("marts.fct_match", "acme", match_id, str(member), "--json")
    found = [(one["rail"], one["entity"], one["record_id"]) for one in json.loads(told)["versions"]]
    assert (code, sides) == (0, ["rb", "7"])
    assert found == [("user", "decisions", "m1"), ("ramp", "bills", "rb"), ("qbo", "bills", "7"), ("qbo", "bills", "7")]


def test_a_vendor_of_the_bank_leads_to_its_transactions_and_one_of_a_rail_to_whom_it_is_linked_with(asked: Any) -> None:
    code, told = asked("marts.vendor_map", "acme", "plaid", "VENDOR ONE", "--json")
    found = {(one["rail"], one["entity"], one["record_id"]) for one in json.loads(told)["versions"]}
    assert code == 0
    assert {("plaid", "transactions", "t1"), ("plaid", "transactions", "t2")} <= found
    code, told = asked("marts.vendor_map", "acme", "ramp", "r1", "--json")
    found = {(one["rail"], one["entity"], one["record_id"]) for one in json.loads(told)["versions"]}
    assert (code, found) == (0, {("ramp", "vendors", "r1"), ("qbo", "vendors", "1")})


def test_an_entered_bill_leads_to_the_decision_and_its_vendor(asked: Any) -> None:
    code, told = asked("marts.fct_bills", "acme", "user", "e1", "--json")
    found = [(one["rail"], one["entity"], one["record_id"]) for one in json.loads(told)["versions"]]
    assert (code, found) == (0, [("user", "decisions", "e1"), ("qbo", "vendors", "1")])


def test_a_figure_leads_to_the_tables_it_sums_up_with_the_records_of_its_business_alone(asked: Any) -> None:
    code, told = asked("marts.fct_runway_daily", "acme", "2026-06-30", "--json")
    tables = {one["table"]: (one["records"], one["versions"]) for one in json.loads(told)["tables"]}
    assert code == 0
    assert (tables["raw_qbo.bills"], tables["raw_qbo.accounts"]) == ((2, 3), (3, 3))


@pytest.mark.parametrize(
    ("named", "code", "said"),
    [
        ("marts.fct_bills acme qbo 99", 1, "marts.fct_bills has no row acme qbo 99"),
        ("marts.fct_bills acme qbo", 2, "is named by BUSINESS_ID RAIL RECORD_ID"),
        ("marts.nothing acme", 2, "there is no relation 'marts.nothing'"),
        ("staging.stg_qbo__bills acme", 2, "has no key of its own"),
        ("experiences.portfolio acme", 1, "experiences.portfolio is not built yet"),
    ],
)
def test_what_is_not_there_is_said_in_a_sentence(asked: Any, named: str, code: int, said: str) -> None:
    end, told = asked(*named.split())
    assert (end, told.count("\n")) == (code, 1)
    assert said in told
