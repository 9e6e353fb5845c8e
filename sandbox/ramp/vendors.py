"""Vendors on Ramp: made when the first bill of one comes in, with the account it is paid to; a few change banks.

How their names are spelled: `sandbox.ramp.names`.
"""

from __future__ import annotations

from sandbox.ramp.desk import DAY, OWN, Desk
from sandbox.ramp.facts import Account, Vendor
from sandbox.ramp.names import vendor_names
from sandbox.ramp.wire import ramp_id, share


def vendor_of(desk: Desk, at: int, entry: int) -> Vendor:
    """Ramp's vendor for a ledger entry, made when first needed; two entries of one counterparty are one vendor here."""
    found = desk.world.vendors[entry]
    party = found.same_as or found.id
    held = desk.vendors.get(party)
    if held is not None:
        return held
    seed, first = desk.seed, desk.world.vendors[party]
    id = ramp_id(seed, "vendor", party)
    name, legal = vendor_names(seed, party, first.name)
    way = share(seed, "method", party)
    method = "ACH" if way < 0.72 else "CHECK" if way < 0.9 else "DOMESTIC_WIRE"
    remote = str(party) if share(seed, "vendor link", party) < 0.7 else None
    account = ramp_id(seed, "account", party, 0)
    is_person = first.is_1099 and share(seed, "person", party) < 0.4
    held = Vendor(id, party, name, legal, at, at, first.street, is_person, remote, method, account)
    desk.vendors[party] = held
    desk.shelves["vendors"].put(id, held)
    desk.shelves["vendor_accounts"].put(account, Account(account, id, _nickname(seed, party, 0), method, is_default=True))
    if share(seed, "moves bank", party) < 0.1:
        desk.later(at + 40 * DAY + int(share(seed, "moves when", party) * 180 * DAY), OWN, f"b{party:09d}", _bank_changed, held)
    return held


def _nickname(seed: int, party: int, which: int) -> str:
    return f"Operating account ending in {int(share(seed, 'last four', party, which) * 10_000):04d}"


def _bank_changed(desk: Desk, at: int, held: Vendor) -> None:
    """The vendor wants to be paid elsewhere from now on."""
    old = desk.shelves["vendor_accounts"].rows[held.account]
    old.fact.is_default = False
    desk.changed("vendor_accounts", held.account)
    held.account, held.moved = ramp_id(desk.seed, "account", held.party, 1), at
    new = Account(held.account, held.id, _nickname(desk.seed, held.party, 1), held.method, is_default=True)
    desk.shelves["vendor_accounts"].put(held.account, new)
