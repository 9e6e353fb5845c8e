"""Transactions as QuickBooks writes them: one function per kind of document, field names and link types of the vendor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.qbo.render_lists import account_name, meta
from sandbox.qbo.wire import USD, amount
from sandbox.world.books import unapplied
from sandbox.world.model import Doc, Line, Link, World

_TXN_TYPE = {
    "bill": "Bill",
    "vendor_credit": "VendorCredit",
    "invoice": "Invoice",
    "payment": "Payment",
    "credit_memo": "CreditMemo",
    "sales_receipt": "SalesReceipt",
    "deposit": "Deposit",
}


def _account(world: World, account_id: int) -> dict[str, str]:
    return {"value": str(account_id), "name": account_name(world, account_id)}


def _link(world: World, link: Link) -> dict[str, str]:
    """A link's two fields; a bill names its payment by the way it was paid."""
    if link.kind == "bill_payment":
        payment = world.docs["bill_payment"].get(link.id)
        kind = "BillPaymentCreditCard" if payment is not None and payment.method == "card" else "BillPaymentCheck"
        return {"TxnId": str(link.id), "TxnType": kind}
    return {"TxnId": str(link.id), "TxnType": _TXN_TYPE[link.kind]}


def _base(world: World, doc: Doc) -> dict[str, Any]:
    record = meta(world, doc)
    if doc.number:
        record["DocNumber"] = doc.number
    record["TxnDate"] = doc.on.isoformat()
    record["CurrencyRef"] = USD
    if doc.memo:
        record["PrivateNote"] = doc.memo
    return record


def _vendor(world: World, doc: Doc) -> dict[str, Any]:
    """VendorRef; its name is absent when the vendor is not there (any more)."""
    if not doc.party:
        return {}
    vendor = world.vendors.get(doc.party)
    return {"VendorRef": {"value": str(doc.party), "name": vendor.name} if vendor else {"value": str(doc.party)}}


def _customer(world: World, doc: Doc) -> dict[str, Any]:
    customer = world.customers.get(doc.party)
    return {"CustomerRef": {"value": str(doc.party), "name": customer.name}} if customer else {}


def _expense_lines(world: World, doc: Doc) -> list[dict[str, Any]]:
    return [_expense_line(world, number, line) for number, line in enumerate(doc.lines, start=1)]


def _expense_line(world: World, number: int, line: Line) -> dict[str, Any]:
    detail = {"AccountRef": _account(world, line.account), "BillableStatus": "NotBillable", "TaxCodeRef": {"value": "NON"}}
    record: dict[str, Any] = (
        {"Id": str(number), "LineNum": number, "Description": line.text} if line.text else {"Id": str(number), "LineNum": number}
    )
    record |= {
        "Amount": amount(line.amount),
        "LinkedTxn": [],
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": detail,
    }
    return record


def _sales_lines(world: World, doc: Doc) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    code = {"value": "TAX" if doc.tax else "NON"}
    for number, line in enumerate(doc.lines, start=1):
        detail: dict[str, Any] = {"ItemAccountRef": _account(world, line.account), "TaxCodeRef": code}
        if line.item:
            price = amount(line.amount // line.quantity)
            item = {"value": str(line.item), "name": world.items[line.item].name}
            detail = {"ItemRef": item, "UnitPrice": price, "Qty": line.quantity} | detail
        lines.append(
            {
                "Id": str(number),
                "LineNum": number,
                "Description": line.text,
                "Amount": amount(line.amount),
                "LinkedTxn": [],
                "DetailType": "SalesItemLineDetail",
                "SalesItemLineDetail": detail,
            }
        )
    lines.append({"Amount": amount(sum(line.amount for line in doc.lines)), "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}})
    return lines


def _tax(doc: Doc) -> dict[str, Any]:
    if not doc.tax:
        return {"TotalTax": amount(0)}
    net = sum(line.amount for line in doc.lines)
    detail = {"TaxRateRef": {"value": "3"}, "PercentBased": True, "TaxPercent": 8, "NetAmountTaxable": amount(net)}
    taxed = {"Amount": amount(doc.tax), "DetailType": "TaxLineDetail", "TaxLineDetail": detail}
    return {"TxnTaxCodeRef": {"value": "2"}, "TotalTax": amount(doc.tax), "TaxLine": [taxed]}


def _due(doc: Doc) -> dict[str, Any]:
    record: dict[str, Any] = {"SalesTermRef": {"value": str(doc.term)}} if doc.term else {}
    return record | ({"DueDate": doc.due.isoformat()} if doc.due else {})


def bill(world: World, doc: Doc) -> dict[str, Any]:
    record = _due(doc) | {"Balance": amount(doc.balance)} | _base(world, doc)
    if doc.links:
        record["LinkedTxn"] = [_link(world, link) for link in doc.links]
    record["Line"] = _expense_lines(world, doc)
    return record | _vendor(world, doc) | {"APAccountRef": _account(world, world.chart["ap"]), "TotalAmt": amount(doc.total)}


def vendor_credit(world: World, doc: Doc) -> dict[str, Any]:
    record = {"Balance": amount(doc.balance)} | _base(world, doc)
    if doc.links:
        record["LinkedTxn"] = [_link(world, link) for link in doc.links]
    record["Line"] = _expense_lines(world, doc)
    return record | _vendor(world, doc) | {"APAccountRef": _account(world, world.chart["ap"]), "TotalAmt": amount(doc.total)}


def bill_payment(world: World, doc: Doc) -> dict[str, Any]:
    way: dict[str, Any] = (
        {"PayType": "CreditCard", "CreditCardPayment": {"CCAccountRef": _account(world, doc.money)}}
        if doc.method == "card"
        else {"PayType": "Check", "CheckPayment": {"BankAccountRef": _account(world, doc.money), "PrintStatus": "NotSet"}}
    )
    lines = [{"Amount": amount(link.amount), "LinkedTxn": [_link(world, link)]} for link in doc.links]
    return _vendor(world, doc) | way | {"TotalAmt": amount(doc.total)} | _base(world, doc) | {"Line": lines}


def purchase(world: World, doc: Doc) -> dict[str, Any]:
    way = {"card": "CreditCard", "check": "Check", "cash": "Cash"}[doc.method]
    record: dict[str, Any] = {"AccountRef": _account(world, doc.money), "PaymentType": way}
    if doc.party:
        vendor = world.vendors.get(doc.party)
        record["EntityRef"] = {"value": str(doc.party), "name": vendor.name if vendor else "", "type": "Vendor"}
    if doc.method == "card":
        record["Credit"] = False
    if doc.method == "check":
        record["PrintStatus"] = "NotSet"
    return record | {"TotalAmt": amount(doc.total)} | _base(world, doc) | {"Line": _expense_lines(world, doc)}


def invoice(world: World, doc: Doc) -> dict[str, Any]:
    record: dict[str, Any] = {
        "AllowIPNPayment": False,
        "AllowOnlinePayment": False,
        "AllowOnlineCreditCardPayment": False,
        "AllowOnlineACHPayment": False,
    }
    record |= _base(world, doc)
    record["LinkedTxn"] = [_link(world, link) for link in doc.links]
    record |= {"Line": _sales_lines(world, doc), "TxnTaxDetail": _tax(doc)} | _customer(world, doc) | _due(doc)
    customer = world.customers.get(doc.party)
    record |= {"TotalAmt": amount(doc.total), "ApplyTaxAfterDiscount": False, "PrintStatus": "NeedToPrint", "EmailStatus": "NotSet"}
    if customer is not None and customer.email:
        record["BillEmail"] = {"Address": customer.email}
    return record | {"Balance": amount(doc.balance)}


def payment(world: World, doc: Doc) -> dict[str, Any]:
    record = _customer(world, doc) | {"DepositToAccountRef": {"value": str(doc.money)}}
    if doc.number:
        record["PaymentRefNum"] = doc.number
    free = 0 if doc.is_void else unapplied(doc)
    record |= {"TotalAmt": amount(doc.total), "UnappliedAmt": amount(free), "ProcessPayment": False}
    base = _base(world, doc)
    base.pop("DocNumber", None)
    deposits = [_link(world, link) for link in doc.links if link.kind == "deposit"]
    # Only what waits in undeposited funds is linked to the deposit that takes it out.
    if deposits and doc.money == world.chart["Undeposited Funds"]:
        base["LinkedTxn"] = deposits
    lines = [_payment_line(world, link) for link in doc.links if link.kind != "deposit"]
    return record | base | {"Line": lines}


def _payment_line(world: World, link: Link) -> dict[str, Any]:
    target = world.docs[link.kind].get(link.id)
    facts = {
        "txnId": str(link.id),
        "txnOpenBalance": f"{link.amount // 100}.{link.amount % 100:02d}",
        "txnReferenceNumber": target.number if target else "",
    }
    extra = [
        {"name": "{http://schema.intuit.com/finance/v3}NameValue", "value": {"Name": name, "Value": value}} for name, value in facts.items()
    ]
    return {"Amount": amount(link.amount), "LinkedTxn": [_link(world, link)], "LineEx": {"any": extra}}


def credit_memo(world: World, doc: Doc) -> dict[str, Any]:
    record = {"RemainingCredit": amount(doc.balance)} | _base(world, doc)
    if doc.links:
        record["LinkedTxn"] = [_link(world, link) for link in doc.links]
    record |= {"Line": _sales_lines(world, doc), "TxnTaxDetail": _tax(doc)} | _customer(world, doc)
    return record | {"TotalAmt": amount(doc.total), "PrintStatus": "NeedToPrint", "EmailStatus": "NotSet", "Balance": amount(doc.balance)}


def sales_receipt(world: World, doc: Doc) -> dict[str, Any]:
    record = _base(world, doc)
    if doc.links:
        record["LinkedTxn"] = [_link(world, link) for link in doc.links]
    record |= {"Line": _sales_lines(world, doc), "TxnTaxDetail": _tax(doc)} | _customer(world, doc)
    record |= {"TotalAmt": amount(doc.total), "PrintStatus": "NotSet", "EmailStatus": "NotSet", "Balance": amount(0)}
    return record | {"PaymentMethodRef": {"value": "1", "name": "Cash"}, "DepositToAccountRef": _account(world, doc.money)}


def deposit(world: World, doc: Doc) -> dict[str, Any]:
    """A deposit; a line takes one receipt out of undeposited funds, or says what came from another account or was kept back."""
    lines: list[dict[str, Any]] = []
    for link, line in zip(doc.links, doc.lines, strict=False):
        if line.account == world.chart["Undeposited Funds"]:
            lines.append({"Amount": amount(link.amount), "LinkedTxn": [_link(world, link) | {"TxnLineId": "0"}]})
    for line in doc.lines:
        if line.account == world.chart["Undeposited Funds"]:
            continue
        detail = {"AccountRef": _account(world, line.account)}
        lines.append(
            {"Description": line.text, "Amount": amount(line.amount), "DetailType": "DepositLineDetail", "DepositLineDetail": detail}
        )
    record = {"DepositToAccountRef": _account(world, doc.money), "TotalAmt": amount(doc.total)}
    return record | _base(world, doc) | {"Line": lines, "TxnTaxDetail": {}}


def transfer(world: World, doc: Doc) -> dict[str, Any]:
    source = next(line.account for line in doc.lines if line.amount <= 0)
    target = next(line.account for line in reversed(doc.lines) if line.amount >= 0)
    record = {"FromAccountRef": _account(world, source), "ToAccountRef": _account(world, target), "Amount": amount(doc.total)}
    return record | _base(world, doc)


def journal_entry(world: World, doc: Doc) -> dict[str, Any]:
    lines = []
    for number, line in enumerate(doc.lines):
        detail = {"PostingType": "Debit" if line.amount >= 0 else "Credit", "AccountRef": _account(world, line.account)}
        record = {"Id": str(number), "Description": line.text or doc.memo, "Amount": amount(abs(line.amount))}
        lines.append(record | {"DetailType": "JournalEntryLineDetail", "JournalEntryLineDetail": detail})
    return {"Adjustment": False, "TotalAmt": amount(doc.total)} | _base(world, doc) | {"Line": lines, "TxnTaxDetail": {}}


RENDERERS: dict[str, tuple[str, Callable[[World, Doc], dict[str, Any]]]] = {
    "bill": ("Bill", bill),
    "bill_payment": ("BillPayment", bill_payment),
    "vendor_credit": ("VendorCredit", vendor_credit),
    "purchase": ("Purchase", purchase),
    "invoice": ("Invoice", invoice),
    "payment": ("Payment", payment),
    "credit_memo": ("CreditMemo", credit_memo),
    "sales_receipt": ("SalesReceipt", sales_receipt),
    "refund_receipt": ("RefundReceipt", sales_receipt),
    "deposit": ("Deposit", deposit),
    "transfer": ("Transfer", transfer),
    "journal_entry": ("JournalEntry", journal_entry),
}
