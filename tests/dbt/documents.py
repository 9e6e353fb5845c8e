"""Small QuickBooks records for tests, each with the fields the models read and sensible defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

USD = {"value": "USD", "name": "United States Dollar"}


def _record(record_id: str, defaults: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    return {"Id": record_id, "CurrencyRef": USD} | defaults | fields


def account(record_id: str, account_type: str, balance: float | int | str = 0, **fields: Any) -> dict[str, Any]:
    """An account of the chart of accounts."""
    return _record(
        record_id, {"Name": f"{account_type} {record_id}", "AccountType": account_type, "CurrentBalance": balance, "Active": True}, fields
    )


def vendor(record_id: str, **fields: Any) -> dict[str, Any]:
    """A vendor."""
    return _record(record_id, {"DisplayName": f"Vendor {record_id}", "Active": True}, fields)


def customer(record_id: str, **fields: Any) -> dict[str, Any]:
    """A customer."""
    return _record(record_id, {"DisplayName": f"Customer {record_id}", "Active": True}, fields)


def bill(record_id: str, amount: Any = 100, balance: Any = None, **fields: Any) -> dict[str, Any]:
    """A bill of vendor 1, wholly open unless told otherwise."""
    line = {
        "Id": "1",
        "Amount": amount,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "60"}},
    }
    defaults = {
        "TotalAmt": amount,
        "Balance": amount if balance is None else balance,
        "VendorRef": {"value": "1", "name": "Vendor 1"},
        "TxnDate": "2026-06-01",
        "DueDate": "2026-07-01",
        "Line": [line],
    }
    return _record(record_id, defaults, fields)


def bill_payment(record_id: str, bill_id: str, amount: Any, day: str, **fields: Any) -> dict[str, Any]:
    """A payment of one bill of vendor 1 by check from account 35."""
    defaults = {
        "TotalAmt": amount,
        "TxnDate": day,
        "VendorRef": {"value": "1", "name": "Vendor 1"},
        "PayType": "Check",
        "CheckPayment": {"BankAccountRef": {"value": "35"}},
        "Line": [{"Amount": amount, "LinkedTxn": [{"TxnId": bill_id, "TxnType": "Bill"}]}],
    }
    return _record(record_id, defaults, fields)


def invoice(record_id: str, amount: Any = 100, balance: Any = None, **fields: Any) -> dict[str, Any]:
    """An invoice to customer 1, wholly open unless told otherwise."""
    defaults = {
        "TotalAmt": amount,
        "Balance": amount if balance is None else balance,
        "CustomerRef": {"value": "1", "name": "Customer 1"},
        "TxnDate": "2026-06-01",
        "DueDate": "2026-07-01",
    }
    return _record(record_id, defaults, fields)


def aged_report(
    name: str,
    parties: Mapping[str, Sequence[str]],
    *,
    on: str = "2026-06-30",
    at: str = "2026-06-30T04:00:00-07:00",
    total: Sequence[str] | None = None,
    **header: Any,
) -> dict[str, Any]:
    """An aged report (AgedPayables, AgedReceivables): per party its five ages and their sum, and the grand total that follows.

    The name of a party is `Party <id>`, one without id is nobody; total: another grand total than that. No party: no data.
    """
    kind = "Vendor" if name == "AgedPayables" else "Customer"
    titles = ("Current", "1 - 30", "31 - 60", "61 - 90", "91 and over", "Total")
    columns = [{"ColTitle": "", "ColType": kind}, *({"ColTitle": title, "ColType": "Money"} for title in titles)]
    rows = [_report_row(party, ages) for party, ages in parties.items()]
    sums = total or [str(sum((Decimal(amount or 0) for amount in column), Decimal(0))) for column in zip(*parties.values(), strict=True)]
    grand = {"type": "Section", "group": "GrandTotal", "Summary": {"ColData": [{"value": "TOTAL"}, *_report_cells(sums)]}}
    options = [{"Name": "report_date", "Value": on}, {"Name": "NoReportData", "Value": "false" if parties else "true"}]
    about = {"ReportName": name, "StartPeriod": on, "EndPeriod": on, "Currency": "USD", "Time": at, "Option": options}
    return {
        "Header": about | header,
        "Columns": {"Column": columns},
        "Rows": {"Row": [*rows, grand]} if parties else {},
    }


def _report_row(party: str, ages: Sequence[str]) -> dict[str, Any]:
    title = {"value": f"Party {party}", "id": party} if party else {"value": "Not Specified"}
    return {"ColData": [title, *_report_cells(ages)]}


def _report_cells(ages: Sequence[str]) -> list[dict[str, str]]:
    """The ages as they are written, and their sum."""
    whole = sum((Decimal(amount or 0) for amount in ages), Decimal(0))
    return [{"value": amount} for amount in (*ages, str(whole))]


def purchase(record_id: str, amount: Any = 100, account_id: str = "35", **fields: Any) -> dict[str, Any]:
    """An expense paid from an account."""
    return _record(
        record_id, {"TotalAmt": amount, "PaymentType": "Check", "AccountRef": {"value": account_id}, "TxnDate": "2026-06-01"}, fields
    )


def journal_entry(record_id: str, amount: Any, debit: str, credit: str, **fields: Any) -> dict[str, Any]:
    """An entry that moves an amount from one account to another."""
    lines = [
        {
            "Id": str(number),
            "Amount": amount,
            "DetailType": "JournalEntryLineDetail",
            "JournalEntryLineDetail": {"PostingType": posting, "AccountRef": {"value": account_id}},
        }
        for number, (posting, account_id) in enumerate((("Debit", debit), ("Credit", credit)))
    ]
    return _record(record_id, {"TxnDate": "2026-06-01", "Line": lines}, fields)
