"""Card transactions, transfers, reimbursements and statements as the vendor's JSON. The company: `sandbox.ramp.render_company`."""

from __future__ import annotations

from typing import Any

from sandbox.ramp.facts import Reimbursement, Statement, Transaction, Transfer
from sandbox.ramp.render import person, selections
from sandbox.ramp.wire import SIGNED, Null, day, encode, instant, major, minor, or_null, ramp_id, share
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
        "original_transaction_amount": _original(held),
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


def _original(held: Transaction) -> dict[str, Any]:
    """What the merchant charged: one in twenty is abroad and charges euros or yen, which have no decimals."""
    way = share(held.id, "abroad")
    if way < 0.02:
        return minor(held.cents * 92 // 100, "EUR")
    return minor(held.cents * 3 // 2, "JPY") if way < 0.05 else minor(held.cents)


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
