"""Vendors, their accounts, bills and drafts as JSON of the vendor's schemas. Cards and the rest: `sandbox.ramp.render_cards`."""

from __future__ import annotations

from datetime import date
from typing import Any

from sandbox.ramp.facts import Account, Bill, Draft, Payment, Vendor
from sandbox.ramp.wire import SIGNED, Null, day, encode, instant, instant_ms, minor, or_null, ramp_id, share
from sandbox.world.model import World

OWNERS = (("Dana", "Whitfield"), ("Miguel", "Arroyo"), ("Ruth", "Feldman"), ("Tom", "Okafor"))


def person(world: World, number: int) -> tuple[str, str, str]:
    """(id, first, last name) of one of the business's people on Ramp."""
    first, last = OWNERS[number % len(OWNERS)]
    return ramp_id(world.business.seed, "user", number % len(OWNERS)), first, last


def selections(world: World, account: int) -> list[dict[str, Any]]:
    """The ledger account that a line is coded to; `external_id` is the ledger's own id."""
    held = world.accounts.get(account)
    if held is None:
        return []
    field = {"id": ramp_id("field", "gl"), "external_id": "Category", "name": "Category", "type": "GL_ACCOUNT"}
    return [{"id": ramp_id(world.business.seed, "gl", account), "external_id": str(account), "name": held.name, "category_info": field}]


def vendor(world: World, held: Vendor) -> bytes:
    """A vendor without its totals, which `with_totals` adds at the moment of reading."""
    seed, business = world.business.seed, world.business
    address = {
        "address_line_1": held.street, "city": business.city, "state": business.state, "postal_code": "94401", "country": "US",
    }  # fmt: skip
    return encode(
        {
            "id": held.id,
            "name": held.name,
            "name_legal": held.legal,
            "country": "US",
            "state": business.state,
            "is_active": held.is_active,
            "is_deletable": False,
            "created_at": instant(held.created),
            "description": f"Vendor of {business.name}",
            "billing_frequency": "MONTHLY" if share(seed, "frequency", held.party) < 0.3 else None,
            "vendor_type": "INDIVIDUAL" if held.is_person else "BUSINESS",
            "vendor_owner_id": person(world, held.party)[0],
            "federal_tax_classification": "INDIVIDUAL_SOLE_PROPRIETOR_SINGLE_MEMBER_LLC" if held.is_person else "C_CORPORATION",
            "accounting_vendor_remote_id": or_null(held.remote),
            "contacts": [ramp_id(seed, "contact", held.party)],
            "address": address if held.street else None,
        }
    )


def with_totals(body: bytes, held: Vendor, today: date, now: int) -> bytes:
    """A vendor's JSON with what was spent on it, which is another sum every day."""
    year = (date(today.year, 1, 1) - date(1970, 1, 1)).days * 86_400
    totals = {
        "total_spend_all_time": _spent(held, 0, now),
        "total_spend_ytd": _spent(held, year, now),
        "total_spend_last_30_days": _spent(held, now - 30 * 86_400, now),
        "total_spend_last_365_days": _spent(held, now - 365 * 86_400, now),
    }
    return body[:-1] + b"," + encode({name: minor(cents) for name, cents in totals.items()})[1:]


def single_vendor(body: bytes) -> bytes:
    """A vendor's JSON as `GET /vendors/{id}` shows it: nobody here has been given a form to fill in."""
    return body[:-1] + b',"custom_form_collection_response":null}'


def _spent(held: Vendor, since: int, until: int) -> int:
    return sum(cents for at, cents in held.paid if since <= at <= until)


def account(world: World, held: Account) -> bytes:
    return encode(
        {
            "id": held.id,
            "account_nickname": held.nickname,
            "currency": "USD",
            "is_default": held.is_default,
            "payment_method": held.method,
        }
    )


def _bill_vendor(held: Vendor) -> dict[str, Any]:
    linked = {"remote_id": held.remote, "remote_name": held.name} if held.remote else {}
    return {"id": held.id, "name": held.name, "type": "INDIVIDUAL" if held.is_person else "BUSINESS", **linked}


def bill(world: World, held: Bill) -> bytes:
    """A bill as lists show it; reading it by id adds the trace of its payment."""
    return encode(_bill(world, held, is_single=False))


def single_bill(world: World, held: Bill) -> bytes:
    """A bill as `GET /bills/{id}` shows it."""
    return encode(_bill(world, held, is_single=True))


def _bill(world: World, held: Bill, is_single: bool) -> dict[str, Any]:
    seed = world.business.seed
    owner, first, last = person(world, held.vendor.party)
    lines = [
        {"amount": minor(line.amount), "memo": line.text, "accounting_field_selections": selections(world, line.account)}
        for line in held.lines
    ]
    return {
        "id": held.id,
        "amount": minor(held.cents),
        "status": "PAID" if held.paid_ms else "OPEN",
        "approval_status": held.approval,
        "sync_status": held.sync,
        "invoice_number": held.number or None,
        "issued_at": day(held.issued),
        "due_at": day(held.due),
        "accounting_date": day(held.issued),
        "posting_date": day(held.issued),
        "created_at": instant(held.created),
        "paid_at": instant_ms(held.paid_ms) if held.paid_ms else None,
        "archived_at": instant(held.archived) if held.archived else Null,
        "entity_id": held.entity,
        "fx_conversion_rate": "1.0",
        "vendor": _bill_vendor(held.vendor),
        "vendor_contact_id": ramp_id(seed, "contact", held.vendor.party),
        "bill_owner": {"id": owner, "first_name": first, "last_name": last},
        "payment": _payment(held, held.payment, is_single) if held.payment else Null,
        "line_items": lines,
        "inventory_line_items": [],
        "accounting_field_selections": [],
        "invoice_urls": [f"https://receipts.ramp.com/invoices/{held.id}.pdf?{SIGNED}"],
        "remote_id": held.remote,
        "memo": held.memo or None,
        "vendor_memo": f"Invoice #{held.number}" if held.number else None,
    }


def _payment(held: Bill, paid: Payment, is_single: bool) -> dict[str, Any]:
    if paid.method == "CARD":
        details: dict[str, Any] = {"transaction_ids": [paid.transaction]}
    elif paid.method == "PAID_MANUALLY":
        details = {"manual_payment_method": "PAID_IN_ERP"}
    else:
        source = ramp_id(held.entity, "bank")
        details = {"approval_status": "APPROVED", "source_bank_account_id": source, "vendor_account_id": paid.account}
    names = {"ACH": "ACH Trace ID", "CHECK": "Check Number", "DOMESTIC_WIRE": "Wire Reference"}
    trace = {"descriptor": names[paid.method], "trace_id": paid.trace} if is_single and paid.method in names else Null
    return {
        "amount": minor(paid.cents),
        "payment_method": paid.method,
        "payment_date": day(paid.on),
        # The day on which it is really sent; a card has none.
        "effective_date": Null if paid.method == "CARD" else day(paid.on),
        "trace_id": trace,
        "details": details,
    }


def draft(world: World, held: Draft) -> bytes:
    owner, first, last = person(world, held.vendor.party if held.vendor else 0)
    lines = [{"amount": minor(held.cents), "memo": Null, "accounting_field_selections": []}] if held.cents else []
    return encode(
        {
            "id": held.id,
            "amount": Null if held.cents is None else minor(held.cents),
            "status": "DRAFT",
            "sync_status": "NOT_SYNCED",
            "invoice_number": or_null(held.number or None),
            "issued_at": day(held.issued) if held.issued else Null,
            "due_at": day(held.due) if held.due else Null,
            "accounting_date": Null,
            "posting_date": Null,
            "created_at": instant(held.created),
            "entity_id": held.entity,
            "vendor": _bill_vendor(held.vendor) if held.vendor else Null,
            "bill_owner": {"id": owner, "first_name": first, "last_name": last},
            "line_items": lines,
            "inventory_line_items": [],
            "accounting_field_selections": [],
            "invoice_urls": [f"https://receipts.ramp.com/drafts/{held.id}.pdf?{SIGNED}"],
            "memo": Null,
            "vendor_memo": Null,
        }
    )
