"""The things a world consists of, in cents and dates, with no rail's spelling: accounts, parties, items, documents.

Postings and links that keep the books balanced: `sandbox.world.books`. What happens on which day: `sandbox.world.days`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from sandbox.seeds import seeded_dice
from sandbox.world.identity import Business

if TYPE_CHECKING:
    from sandbox.world.billing import Billing
    from sandbox.world.papers import Paper
    from sandbox.world.reality import Happening
    from sandbox.world.remitting import Remittance


@dataclass(slots=True)
class Account:
    """A ledger account. kind: the vendor-neutral type; balance: sum of postings in cents, debit positive."""

    id: int
    name: str
    kind: str
    subkind: str
    parent: int = 0
    number: str = ""
    active: bool = True
    balance: int = 0
    created: int = 0
    updated: int = 0
    token: int = 0


@dataclass(slots=True)
class Party:
    """A vendor or a customer. habit: usual account or lateness. same_as: the earlier entry of the same counterparty, 0 for none."""

    id: int
    kind: str
    name: str
    person: tuple[str, str] | None = None
    email: str = ""
    phone: str = ""
    street: str = ""
    term: int = 0
    is_1099: bool = False
    tax_id: str = ""
    parent: int = 0
    active: bool = True
    habit: int = 0
    same_as: int = 0
    balance: int = 0
    created: int = 0
    updated: int = 0
    token: int = 0


@dataclass(frozen=True, slots=True)
class Term:
    id: int
    name: str
    days: int


@dataclass(slots=True)
class Item:
    id: int
    name: str
    price: int
    account: int
    active: bool = True
    created: int = 0
    updated: int = 0
    token: int = 0


class Line(NamedTuple):
    """One line of a document. amount in cents (journal entries: debit positive); quantity times rate = amount when there is an item."""

    account: int
    amount: int
    text: str = ""
    item: int = 0
    quantity: int = 1


class Link(NamedTuple):
    """An application of one document to another, kept at both ends; amount in cents, positive."""

    kind: str
    id: int
    amount: int


@dataclass(slots=True)
class Doc:
    """A business document. money: the bank, card or clearing account it moves; method: how; balance: what is still open.

    same_as: the earlier entry of the same paper, 0 for none.
    """

    kind: str
    id: int
    on: date
    party: int = 0
    due: date | None = None
    term: int = 0
    number: str = ""
    memo: str = ""
    lines: list[Line] = field(default_factory=list)
    tax: int = 0
    total: int = 0
    balance: int = 0
    money: int = 0
    method: str = ""
    links: list[Link] = field(default_factory=list)
    is_void: bool = False
    same_as: int = 0
    created: int = 0
    updated: int = 0
    token: int = 0


class Mistake(NamedTuple):
    """Something a person got wrong, and the hygiene check that should see it."""

    kind: str
    check: str
    entity: str
    id: int


DOCUMENT_KINDS = (
    "bill", "bill_payment", "vendor_credit", "purchase", "invoice", "payment", "credit_memo",
    "sales_receipt", "refund_receipt", "deposit", "transfer", "journal_entry",
)  # fmt: skip


class World:
    """All of one business at one instant. Changes are collected in `changed` and `deleted` until a view takes them."""

    def __init__(self, business: Business) -> None:
        self.business = business
        self.zone = ZoneInfo(business.timezone)
        self.dice = seeded_dice(business.seed)
        self.now = 0
        self.accounts: dict[int, Account] = {}
        self.chart: dict[str, int] = {}
        self.vendors: dict[int, Party] = {}
        self.customers: dict[int, Party] = {}
        self.items: dict[int, Item] = {}
        self.terms: dict[int, Term] = {}
        self.docs: dict[str, dict[int, Doc]] = {kind: {} for kind in DOCUMENT_KINDS}
        self.last_id: dict[str, int] = defaultdict(int)
        self.last_number: dict[str, int] = defaultdict(int)
        self.changed: set[tuple[str, int]] = set()
        self.deleted: list[tuple[str, int, int]] = []
        self.mistakes: list[Mistake] = []
        self.balances: list[tuple[date, int, int, int]] = []
        self.agenda: dict[date, list[tuple[str, int]]] = defaultdict(list)
        self.pending: list[tuple[int, int, Any, tuple[Any, ...]]] = []
        self.waiting: dict[str, list[int]] = defaultdict(list)
        self.next_day: date | None = None
        self.start: date | None = None
        self.opening_entry: int = 0
        # What really happened with money, in order, and which of it a document records; see sandbox.world.reality.
        self.reality: list[Happening] = []
        self.reality_of: dict[tuple[str, int], int] = {}
        # The steps of the invoices that are paid through Stripe, and which they are; see sandbox.world.billing.
        self.billing: list[Billing] = []
        self.billed: set[int] = set()
        # The number of the operation that is removing a document right now, else -1.
        self.told = -1
        # What happened to vendors' bills as papers, in order; see sandbox.world.papers.
        self.papers: list[Paper] = []
        # Payments that are not booked yet, by the id they will have, and the documents promised to them.
        self.remittances: dict[int, Remittance] = {}
        self.promised: set[tuple[str, int]] = set()
        # Payouts that came in and nobody entered yet: the deposit to be, by its id, and its receipts.
        self.unbooked: dict[int, tuple[Doc, list[Doc]]] = {}

    def next_id(self, kind: str) -> int:
        """The next id of `kind`: small numbers from 1 in every business, so that ids are equal across businesses."""
        self.last_id[kind] += 1
        return self.last_id[kind]

    def next_number(self, series: str, first: int) -> str:
        """The next document number of a series."""
        self.last_number[series] = max(self.last_number[series], first - 1) + 1
        return str(self.last_number[series])

    def party_of(self, doc: Doc) -> Party | None:
        """The vendor or customer a document is with."""
        if doc.kind in ("bill", "bill_payment", "vendor_credit", "purchase"):
            return self.vendors.get(doc.party)
        return self.customers.get(doc.party)
