"""What an invoice of the ledger comes to once Stripe had its say: which word counts, and that aging stays the ledger's."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.dbt.asking import rows
from tests.dbt.documents import account, customer, invoice, purchase
from tests.dbt.ledgers import NOW, build_marts
from tests.dbt.project import DbtProject
from tests.dbt.rawfill import RawWarehouse

MARTS = ("fct_invoices", "fct_ar_aging", "fct_overdue_invoices", "collections_queue", "digest", "fct_cash_forecast")
PAID_AT = datetime(2026, 6, 5, 9, 30, tzinfo=UTC)
WORD = "select record_id, status, effective_status, status_source, stripe_invoice_id from marts.fct_invoices order by record_id"


def seconds(at: datetime) -> int:
    """As Stripe writes instants."""
    return int(at.timestamp())


def billed(raw: RawWarehouse, name: str, dollars: int, day: int, status: str, *, who: str = "Ada", **amounts: int) -> None:
    """An invoice of that day of May to a customer, due on 1 June, as the ledger and Stripe have it.

    amounts: `booked` is open in the ledger, `left` on Stripe; all where it is not given.
    """
    dated = {"TxnDate": f"2026-05-{day:02}", "DueDate": "2026-06-01", "CustomerRef": {"value": who, "name": f"{who} Ltd"}}
    raw.versions("acme", "invoices", [invoice(name, dollars, amounts.get("booked"), DocNumber=f"L-{name}", **dated)])
    collected(raw, name, dollars, day, status, who=who, left=amounts.get("left"))


def collected(
    raw: RawWarehouse, name: str, dollars: int, day: int, status: str, *, who: str = "Ada", left: int | None = None, **version: Any
) -> None:
    """Stripe's own, paid or given up at PAID_AT where its status says so. left: what is open on it, all unless it is paid."""
    times = {"paid_at": seconds(PAID_AT)} if status == "paid" else {"marked_uncollectible_at": seconds(PAID_AT)}
    record: dict[str, Any] = {"id": f"in_{name}", "number": f"S-{name}", "customer": f"cus_{who}", "customer_name": f"{who} Ltd"}
    remaining = 0 if status == "paid" else dollars if left is None else left
    record |= {"status": status, "total": dollars * 100, "amount_remaining": remaining * 100, "currency": "usd"}
    record |= {"created": seconds(datetime(2026, 5, day, tzinfo=UTC)), "status_transitions": times if status != "open" else {}}
    raw.observed("acme", "stripe", "invoices", f"in_{name}", record, **version)


def charged(raw: RawWarehouse, name: str, dollars: int, refunded: int = 0) -> None:
    """A payment of Stripe's invoice at PAID_AT, of which so much was given back."""
    money = {"amount": dollars * 100, "amount_refunded": refunded * 100, "refunded": refunded == dollars, "currency": "usd"}
    charge = {"id": f"ch_{name}", "status": "succeeded", "captured": True, "created": seconds(PAID_AT)} | money
    raw.observed("acme", "stripe", "charges", f"ch_{name}", charge)
    paid = {"id": f"inpay_{name}", "invoice": f"in_{name}", "status": "paid", "payment": {"type": "charge", "charge": f"ch_{name}"}}
    raw.observed("acme", "stripe", "invoice_payments", f"inpay_{name}", paid | {"status_transitions": {"paid_at": seconds(PAID_AT)}})


@pytest.fixture(scope="module")
def warehouse(project: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("invoice_status") / "warehouse.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1")
        raw.business("acme", now=NOW)
        raw.connect("acme", "stripe", now=NOW)
        raw.versions("acme", "accounts", [account("35", "Bank", 5000)])
        raw.versions("acme", "purchases", [purchase("10", 900), purchase("11", 1, TxnDate="2026-01-01")])
        for who in ("Ada", "Bob"):
            raw.versions("acme", "customers", [customer(who, DisplayName=f"{who} Ltd")])
            raw.observed("acme", "stripe", "customers", f"cus_{who}", {"id": f"cus_{who}", "name": f"{who} Ltd"})
        billed(raw, "paid", 100, 2, "paid")
        billed(raw, "waiting", 110, 3, "open")
        billed(raw, "cheque", 120, 4, "open", booked=0)
        billed(raw, "given-up", 130, 5, "uncollectible")
        billed(raw, "refunded", 140, 6, "paid")
        charged(raw, "refunded", 140, refunded=140)
        charged(raw, "paid", 100, refunded=30)
        billed(raw, "part", 90, 9, "open", left=50)
        charged(raw, "part", 40)
        billed(raw, "given-up-in-part", 80, 10, "uncollectible", left=60)
        charged(raw, "given-up-in-part", 20)
        billed(raw, "bobs", 70, 7, "paid", who="Bob")
        # Either of two of one amount and day could be either.
        for name in ("twin-1", "twin-2"):
            billed(raw, name, 50, 8, "paid")
        # Ten days apart is no more than a proposal.
        raw.versions("acme", "invoices", [invoice("late", 60, TxnDate="2026-05-11", CustomerRef={"value": "Ada", "name": "Ada Ltd"})])
        collected(raw, "late", 60, 21, "paid")
    build_marts(project, path, only=MARTS)
    return path


def test_stripes_word_counts_where_the_ledger_has_not_come_as_far(warehouse: Path) -> None:
    assert {row[0]: row[1:] for row in rows(warehouse, WORD)} == {
        "paid": ("open", "paid", "stripe", "in_paid"),
        "bobs": ("open", "paid", "stripe", "in_bobs"),
        "part": ("open", "partly_paid", "stripe", "in_part"),
        "given-up": ("open", "uncollectible", "stripe", "in_given-up"),
        "given-up-in-part": ("open", "uncollectible", "stripe", "in_given-up-in-part"),
        "waiting": ("open", "open", "qbo", "in_waiting"),
        "cheque": ("paid", "paid", "qbo", "in_cheque"),
        "refunded": ("open", "open", "qbo", "in_refunded"),
        "twin-1": ("open", "open", "qbo", None),
        "twin-2": ("open", "open", "qbo", None),
        "late": ("open", "open", "qbo", None),
    }
    told = "select distinct status_as_of, rails_used from marts.fct_invoices where status_source = 'stripe'"
    assert rows(warehouse, told) == [(PAID_AT.replace(tzinfo=None), "qbo,stripe")]


def test_aging_is_the_ledgers_and_who_has_paid_through_stripe_is_not_asked_again(warehouse: Path) -> None:
    open_in_ledger = Decimal(100 + 110 + 130 + 140 + 90 + 80 + 70 + 50 + 50 + 60)
    assert rows(warehouse, "select sum(open_amount) from marts.fct_ar_aging") == [(open_in_ledger,)]
    overdue = "select effective_status, status_source, rails_used from marts.fct_overdue_invoices where record_id = 'paid'"
    assert rows(warehouse, overdue) == [("paid", "stripe", "qbo,stripe")]
    standing = "select standing, list(record_id order by record_id) from marts.fct_overdue_invoices group by 1 order by 1"
    to_ask = ["part", "refunded", "twin-1", "twin-2", "waiting"]
    given_up = ("uncollectible", ["given-up", "given-up-in-part"])
    assert rows(warehouse, standing) == [("paid_on_stripe", ["bobs", "paid"]), ("to_ask", to_ask), given_up]
    queue = """select customer_id, asked_amount, overdue_amount, overdue_paid_amount, overdue_uncollectible_amount, oldest_days_past_due
        from experiences.collections_queue"""
    found = rows(warehouse, queue)
    assert found == [("Ada", Decimal(400), Decimal(750), Decimal(160), Decimal(190), 29)], "Bob owes nothing that is not paid there"
    why = "5 overdue, the oldest by 29 days; 1 more paid through Stripe, and not yet in the ledger; 2 more given up on Stripe, and open in "
    assert rows(warehouse, "select why from experiences.collections_queue")[0][0].startswith(why)


def test_what_is_paid_or_given_up_on_stripe_is_not_expected_again(warehouse: Path) -> None:
    """From the day on which it was paid or given up there. The headline's receivables are the ledger's."""
    expected = "select record_id, expected_amount from intermediate.int_forecast_documents where weeks_ago = {} and side = 'receivable'"
    today = dict(rows(warehouse, expected.format(0)))
    assert {name: today[name] for name in ("paid", "bobs", "part", "refunded")} == {"paid": 0, "bobs": 0, "part": 50, "refunded": 140}
    assert (today["given-up"], today["given-up-in-part"]) == (0, 0)
    walked = "select record_id from intermediate.int_cash_walk_documents where amount = 0 order by 1"
    assert rows(warehouse, walked) == [("bobs",), ("given-up",), ("given-up-in-part",), ("paid",)]
    assert rows(warehouse, "select ar_expected from marts.fct_runway_daily") == [(880,)]


def test_the_digest_asks_for_what_nobody_paid_and_names_what_waits_to_be_recorded(warehouse: Path) -> None:
    counted = "overdue_asked_count, overdue_asked_amount, overdue_paid_count, overdue_paid_amount"
    assert rows(warehouse, f"select {counted} from experiences.digest") == [(5, Decimal(400), 2, Decimal(170))], "as the queue"
    given_up = "select overdue_uncollectible_count, overdue_uncollectible_amount, overdue_uncollectible_invoices from experiences.digest"
    ((count, amount, listed),) = rows(warehouse, given_up)
    assert (count, amount, [one["record_id"] for one in json.loads(listed)]) == (2, Decimal(210), ["given-up", "given-up-in-part"])
    in_ledger = rows(warehouse, "select overdue_invoice_count, overdue_invoice_amount from experiences.digest")
    assert in_ledger == [(9, Decimal(820))]
    listed = rows(warehouse, "select overdue_asked_invoices, overdue_paid_invoices, overdue_invoices from experiences.digest")[0]
    asked, paid, overdue = ([one["record_id"] for one in json.loads(text)] for text in listed)
    assert paid == ["bobs", "paid"] and len(asked) == 5 and {*paid} | {*asked} | {"given-up", "given-up-in-part"} == {*overdue}
    assert len(overdue) == 9


def test_a_new_word_of_stripes_or_a_persons_reaches_an_invoice_the_ledger_did_not_touch(project: DbtProject, warehouse: Path) -> None:
    sides = {"left_rail": "stripe", "left_entity": "invoices", "left_id": "in_late", "right_rail": "qbo", "right_entity": "invoices"}
    with RawWarehouse(warehouse) as raw:
        raw.load("2")
        collected(raw, "waiting", 110, 3, "paid", version_no=2, load_id="2", observed_at=NOW)
        verdict = {"decision_no": 1, "decision_id": "d1", "business_id": "acme", "advisor_id": "ann", "kind": "confirm-match"}
        raw.control("decisions", **verdict, subject=json.dumps(sides | {"right_id": "late"}), decided_at=NOW)
        # It was voided: Stripe claims nothing by it any more, and the ledger says whether anybody does.
        collected(raw, "given-up", 130, 5, "void", version_no=2, load_id="2", observed_at=NOW)
    build_marts(project, warehouse, only=MARTS)
    found = {row[0]: row[1:] for row in rows(warehouse, WORD)}
    assert found["waiting"] == ("open", "paid", "stripe", "in_waiting")
    assert found["late"] == ("open", "paid", "stripe", "in_late")
    assert found["given-up"] == ("open", "open", "qbo", None)
    standing = "select standing from marts.fct_overdue_invoices where record_id = 'given-up'"
    assert rows(warehouse, standing) == [("to_ask",)], "the ledger's word alone"
