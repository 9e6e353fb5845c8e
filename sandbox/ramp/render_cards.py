"""Card transactions, transfers, reimbursements, statements, the business with its entities and balance as the vendor's JSON."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sandbox.ramp.facts import Reimbursement, Statement, Transaction, Transfer
from sandbox.ramp.render import person, selections
from sandbox.ramp.wire import SIGNED, Null, day, encode, instant, major, minor, or_null, ramp_id
from sandbox.world.model import World


def transaction(world: World, held: Transaction) -> bytes:
    """A card transaction; its amount is in major units, those of its lines in minor ones."""
    seed = world.business.seed
    user, first, last = person(world, held.holder)
    coded = selections(world, held.account)
    for selection in coded:
        selection["type"] = "GL_ACCOUNT"
    is_declined = held.state == "DECLINED"
    record: dict[str, Any] = {
        "id": held.id,
        "amount": major(held.cents),
        "currency_code": "USD",
        "original_transaction_amount": minor(held.cents),
        "state": held.state,
        "user_transaction_time": instant(held.at),
        "settlement_date": instant(held.cleared) if held.cleared else None,
        "accounting_date": day(held.on),
        "card_id": ramp_id(seed, "card", held.holder),
        "card_present": held.holder % 2 == 0,
        "card_holder": {"user_id": user, "first_name": first, "last_name": last, "department_name": "Operations"},
        "merchant_id": ramp_id("merchant", held.merchant),
        "merchant_name": held.merchant,
        "merchant_descriptor": held.descriptor,
        "merchant_location": {"city": world.business.city.upper(), "state": world.business.state, "country": "USA", "postal_code": Null},
        "sk_category_id": Null,
        "sk_category_name": Null,
        "memo": or_null(held.memo or None),
        "entity_id": held.entity,
        "limit_id": ramp_id(seed, "limit", held.holder),
        "statement_id": held.statement or None,
        "sync_status": "SYNCED" if held.synced else "NOT_SYNC_READY" if is_declined or not held.cleared else "SYNC_READY",
        "synced_at": instant(held.synced) if held.synced else Null,
        "line_items": [{"amount": minor(held.cents), "converted_amount": minor(held.cents), "accounting_field_selections": coded}],
        "accounting_field_selections": coded,
        "accounting_categories": [],
        "receipts": [ramp_id(held.id, "receipt")] if not is_declined and held.cents > 7500 else [],
        "disputes": [],
        "policy_violations": [],
    }
    if is_declined:
        record["decline_details"] = {"amount": major(held.cents), "reason": "AUTHORIZER_CARD_LIMIT"}
    return encode(record)


def transfer(world: World, held: Transfer) -> bytes:
    return encode(
        {
            "id": held.id,
            "amount": minor(held.cents),
            "created_at": instant(held.created),
            "status": held.status,
            "sync_status": held.sync,
            "payment_id": held.payment,
            "entity_id": held.entity,
        }
    )


def reimbursement(world: World, held: Reimbursement) -> bytes:
    """A reimbursement; its amount is in major units with `currency`, those of its lines in minor ones with `currency_code`."""
    user, first, last = person(world, held.holder)
    coded = selections(world, held.account)
    for selection in coded:
        selection["type"] = "GL_ACCOUNT"
    is_out = held.direction == "BUSINESS_TO_USER"
    return encode(
        {
            "id": held.id,
            "amount": major(held.cents),
            "currency": "USD",
            "original_reimbursement_amount": minor(held.cents),
            "payee_amount": minor(held.cents),
            "direction": held.direction,
            "type": "OUT_OF_POCKET" if is_out else "PAYBACK_PARTIAL",
            "state": held.state,
            "created_at": instant(held.created),
            "submitted_at": instant(held.created),
            "updated_at": instant(held.updated),
            "approved_at": instant(held.approved) if held.approved else None,
            "transaction_date": held.on.isoformat(),
            "accounting_date": day(held.on),
            "merchant": held.merchant,
            "merchant_id": ramp_id("merchant", held.merchant),
            "memo": held.memo or None,
            "entity_id": held.entity,
            "user_id": user,
            "user_full_name": f"{first} {last}",
            "user_email": f"{first}.{last}@example.com".lower(),
            "payment_id": or_null(held.payment or None),
            "sync_status": "SYNC_READY" if held.payment else "NOT_SYNC_READY",
            "synced_at": Null,
            "spend_limit_id": Null,
            "distance": Null,
            "start_location": Null,
            "end_location": Null,
            "waypoints": [],
            "receipts": [ramp_id(held.id, "receipt")],
            "attendees": [],
            "line_items": [{"amount": minor(held.cents), "accounting_field_selections": coded}],
            "accounting_field_selections": coded,
        }
    )


def statement(world: World, held: Statement) -> bytes:
    entity = ramp_id(world.business.seed, "entity", 0)
    sums = {
        "opening_balance": minor(held.opening), "charges": minor(held.charges), "credits": minor(held.credits),
        "payments": minor(held.payments), "ending_balance": minor(held.ending),
    }  # fmt: skip
    return encode(
        {
            "id": held.id,
            "start_date": instant(held.start),
            "end_date": instant(held.end),
            **sums,
            "balance_sections": [{"id": ramp_id(held.id, "section"), "entity_id": entity, **sums}],
            "preceding_statement_id": held.before or None,
            "statement_lines": [
                {"id": id, "type": kind, "created_at": instant(created), "cleared_at": instant(cleared)}
                for kind, id, created, cleared in held.lines
            ],
            "statement_url": f"https://statements.ramp.com/businesses/{held.id}/overview.pdf?{SIGNED}",
        }
    )


def business(world: World) -> bytes:
    own, created = world.business, world.accounts[1].created
    return encode(
        {
            "id": ramp_id(own.seed, "business"),
            "business_name_legal": f"{own.name}, Inc." if own.seed % 3 else f"{own.name} LLC",
            "business_name_on_card": own.name[:25],
            "active": True,
            "billing_address": {"address1": "1 Main St", "city": own.city, "state": own.state, "postal_code": "94401", "country": "US"},
            "created_time": instant(created),
            "enforce_sso": False,
            "initial_approved_limit": own.monthly_cents // 200 * 100,
            "is_integrated_with_slack": False,
            "is_reimbursements_enabled": True,
            "limit_locked": False,
            "phone": "5555550100",
            "website": f"www.{own.business_id}.example",
        }
    )


def entity(world: World, number: int) -> bytes:
    """One of the business's legal entities; all money runs through the first."""
    own = world.business
    account = {
        "internal_id": ramp_id(own.seed, "cash account", number), "external_id": str(world.chart["Checking"]), "external_name": "Checking",
        "classification": "ASSET", "usage_type": "CASH_ACCOUNT", "created_at": instant(world.accounts[1].created),
    }  # fmt: skip
    return encode(
        {
            "id": ramp_id(own.seed, "entity", number),
            "entity_name": own.name if number == 0 else f"{own.name} Holdings",
            "is_primary": number == 0,
            "currency": "USD",
            "location_ids": [],
            "accounts": [account] if number == 0 else [],
        }
    )


def balance(cleared: int, pending: int, limit: int, statement_cents: int, now: int) -> bytes:
    """The balance at this moment: major units, dates as MM/DD/YYYY, no id and no time of its own."""
    today = datetime.fromtimestamp(now, UTC).date()
    first = today.replace(day=1)
    following = date(first.year + (first.month == 12), first.month % 12 + 1, 1)
    return encode(
        {
            "available_card_limit": major(limit - cleared - pending),
            "available_flex_limit": major(0),
            "balance_including_pending": major(cleared + pending),
            "card_balance_excluding_pending": major(cleared),
            "card_balance_including_pending": major(cleared + pending),
            "card_limit": major(limit),
            "flex_balance": major(0),
            "flex_limit": major(0),
            "float_balance_excluding_pending": major(0),
            "global_limit": major(limit),
            "max_balance": major(limit),
            "next_billing_date": f"{following:%m/%d/%Y}",
            "prev_billing_date": f"{first:%m/%d/%Y}",
            "statement_balance": major(statement_cents),
        }
    )
