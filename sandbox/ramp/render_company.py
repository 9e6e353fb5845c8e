"""The business itself, its entities and its balance as the vendor's JSON."""

from __future__ import annotations

from datetime import UTC, date, datetime

from sandbox.ramp.wire import encode, instant, major, ramp_id
from sandbox.world.model import World


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
