"""What Ramp holds of one business: records as they stand, in cents and epoch seconds. Their JSON: `sandbox.ramp.render`.

Which happens to them when: `sandbox.ramp.bills`, `sandbox.ramp.cards`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from sandbox.world.model import Line


@dataclass(slots=True)
class Account:
    """A vendor's bank account as Ramp pays it."""

    id: str
    vendor: str
    nickname: str
    method: str
    is_default: bool


@dataclass(slots=True)
class Vendor:
    """party: the ledger's entry it stands for. account: the one it is paid to now, by `method`.

    moved: when it last asked to be paid elsewhere, 0 for never. paid: (instant, cents) of everything paid to it, in order.
    """

    id: str
    party: int
    name: str
    legal: str | None
    created: int
    updated: int
    street: str
    is_person: bool
    remote: str | None
    method: str
    account: str
    is_active: bool = True
    moved: int = 0
    paid: list[tuple[int, int]] = field(default_factory=list)


@dataclass(slots=True)
class Payment:
    """How a bill was paid. source: the ledger's bill payment, to find it again when the money comes back."""

    cents: int
    method: str
    on: date
    trace: str
    source: int
    account: str = ""
    transaction: str = ""


@dataclass(slots=True)
class Bill:
    """ledger: the ledger's id of the same paper, 0 when the ledger never got it. paid_ms: epoch milliseconds."""

    id: str
    ledger: int
    vendor: Vendor
    created: int
    issued: date
    due: date
    cents: int
    lines: tuple[Line, ...]
    number: str
    memo: str
    entity: str
    approval: str = "PENDING"
    sync: str = "NOT_SYNCED"
    remote: str | None = None
    payment: Payment | None = None
    paid_ms: int = 0
    archived: int = 0


@dataclass(slots=True)
class Draft:
    """A bill somebody has begun to enter. vendor and cents are None while nobody has read the paper."""

    id: str
    vendor: Vendor | None
    created: int
    issued: date | None
    due: date | None
    cents: int | None
    number: str
    entity: str


@dataclass(slots=True)
class Transaction:
    """A card's use. cents: positive for spending, negative for a refund. cleared: 0 while pending or declined."""

    id: str
    at: int
    on: date
    cents: int
    merchant: str
    descriptor: str
    memo: str
    account: int
    holder: int
    entity: str
    state: Literal["PENDING", "CLEARED", "DECLINED"]
    updated: int
    cleared: int = 0
    synced: int = 0
    statement: str = ""


@dataclass(slots=True)
class Transfer:
    """Money Ramp pulls from the business's bank: for a run of bill payments, or for the card."""

    id: str
    created: int
    cents: int
    payment: str
    entity: str
    is_for_card: bool
    status: str = "INITIATED"
    sync: str = "SYNC_READY"
    statement: str = ""


@dataclass(slots=True)
class Reimbursement:
    id: str
    created: int
    updated: int
    on: date
    cents: int
    merchant: str
    memo: str
    account: int
    holder: int
    entity: str
    direction: Literal["BUSINESS_TO_USER", "USER_TO_BUSINESS"]
    state: str = "PENDING"
    approved: int = 0
    payment: str = ""


@dataclass(slots=True)
class Statement:
    id: str
    start: int
    end: int
    opening: int
    charges: int
    credits: int
    payments: int
    lines: list[tuple[str, str, int, int]]
    before: str

    @property
    def ending(self) -> int:
        return self.opening + self.charges - self.credits - self.payments
