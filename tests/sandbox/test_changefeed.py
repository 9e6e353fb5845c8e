"""The change feed: what changed since, tombstones, the cap of 1,000 over all entities, the horizon of 30 days."""

from __future__ import annotations

from typing import Any

from sandbox.qbo.company import GeneratedCompany
from tests.sandbox.conftest import Ledger

ALL = (
    "Account,Vendor,Customer,Item,Bill,BillPayment,VendorCredit,Purchase,Invoice,Payment,CreditMemo,"
    "SalesReceipt,RefundReceipt,Deposit,Transfer,JournalEntry"
)


def groups(answer: Any) -> dict[str, list[dict[str, Any]]]:
    found = {}
    for group in answer.json()["CDCResponse"][0]["QueryResponse"]:
        for name, rows in group.items():
            if isinstance(rows, list):
                found[name] = rows
    return found


def test_walk_plus_changes_equals_a_fresh_walk(ledger: Ledger) -> None:
    entities = ALL.split(",")
    held = {entity: {row["Id"]: row for row in ledger.walk(entity)} for entity in entities}
    since = ledger.hub.clock()["now"]
    for _ in range(5):
        ledger.hub.advance(days=5)
        ledger.renew()
        for entity, rows in groups(ledger.changes(ALL, since)).items():
            for row in rows:
                if row.get("status") == "Deleted":
                    held[entity].pop(row["Id"], None)
                else:
                    held[entity][row["Id"]] = row
        since = ledger.hub.clock()["now"]
    for entity in entities:
        fresh = {row["Id"]: row for row in ledger.walk(entity)}
        assert held[entity] == fresh, entity


def test_each_entity_asked_for_has_its_place_and_an_unchanged_one_is_empty(ledger: Ledger) -> None:
    answer = ledger.changes("Term,Bill,CompanyInfo", "2026-09-01T00:00:00-07:00").json()["CDCResponse"][0]["QueryResponse"]
    assert answer[0] == {}
    assert set(answer[1]) == {"Bill", "startPosition", "maxResults", "totalCount"}
    assert answer[2] == {}


def test_a_hard_delete_is_seen_here_only(ledger: Ledger) -> None:
    gone: list[dict[str, Any]] = []
    while not gone:
        since = ledger.hub.clock()["now"]
        ledger.hub.advance(days=20)
        ledger.renew()
        gone = [row for row in groups(ledger.changes("Bill", since)).get("Bill", []) if row.get("status") == "Deleted"]
    assert set(gone[0]) == {"domain", "status", "Id", "MetaData"}
    assert set(gone[0]["MetaData"]) == {"LastUpdatedTime"}
    assert ledger.get(f"/bill/{gone[0]['Id']}").json()["Fault"]["Error"][0]["code"] == "610"
    assert gone[0]["Id"] not in {row["Id"] for row in ledger.walk("Bill")}


def test_at_most_a_thousand_objects_over_all_entities(open_sandbox) -> None:  # type: ignore[no-untyped-def]
    ledger = open_sandbox(scale=4.0)
    since = ledger.hub.clock()["now"]
    ledger.hub.touch(1.0)
    found = groups(ledger.changes(ALL, since))
    assert sum(len(rows) for rows in found.values()) == 1000


def test_further_back_than_thirty_days_is_a_fault_or_silently_clipped(ledger: Ledger) -> None:
    refused = ledger.changes("Bill", "2026-06-01T00:00:00-07:00")
    assert refused.status_code == 400
    assert "30 days" in refused.json()["Fault"]["Error"][0]["Detail"]
    ledger.hub.set_options({"cdc_horizon": "clip"})
    clipped = groups(ledger.changes("Bill", "2026-06-01T00:00:00-07:00"))["Bill"]
    within = groups(ledger.changes("Bill", "2026-08-23T16:00:00Z"))["Bill"]
    assert clipped == within


def test_a_touch_is_that_share_of_all_transactions_a_minute_later(ledger: Ledger) -> None:
    company = ledger.hub.company(ledger.realm)
    assert isinstance(company, GeneratedCompany)
    total = sum(len(held) for held in company.world.docs.values())
    before = {row["Id"]: row for row in ledger.walk("Invoice")}
    ledger.hub.touch(0.1)
    found = groups(ledger.changes(ALL, "2026-09-22T16:01:00Z"))
    touched = sum(len(rows) for entity, rows in found.items() if entity not in ("Account", "Vendor", "Customer", "Item"))
    assert abs(touched - total * 0.1) <= total * 0.02
    for row in found["Invoice"]:
        assert row["PrivateNote"] != before[row["Id"]].get("PrivateNote")
        assert int(row["SyncToken"]) > int(before[row["Id"]]["SyncToken"])


def test_wrong_arguments_are_faults(ledger: Ledger) -> None:
    assert ledger.changes("Nothing", "2026-09-20").status_code == 400
    assert ledger.changes("", "2026-09-20").status_code == 400
    assert ledger.changes("Bill", "yesterday").status_code == 400
