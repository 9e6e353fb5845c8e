"""How a bank writes down who was paid: truncation, processor prefixes, store numbers, city tails, legal names, and categories.

What is written for which movement: `sandbox.plaid.movements`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from sandbox.plaid.items import merchant_entity_id
from sandbox.seeds import stable_seed

# The field of a card network's merchant name.
WIDTH = 22
Category = tuple[str, str]

FEES: Category = ("BANK_FEES", "BANK_FEES_OTHER_BANK_FEES")
CARD_PAYMENT: Category = ("LOAN_PAYMENTS", "LOAN_PAYMENTS_CREDIT_CARD_PAYMENT")
LOAN: Category = ("LOAN_PAYMENTS", "LOAN_PAYMENTS_OTHER_PAYMENT")
TAXES: Category = ("GOVERNMENT_AND_NON_PROFIT", "GOVERNMENT_AND_NON_PROFIT_TAX_PAYMENT")
DEPOSIT: Category = ("TRANSFER_IN", "TRANSFER_IN_DEPOSIT")
MOVED_IN: Category = ("TRANSFER_IN", "TRANSFER_IN_ACCOUNT_TRANSFER")
MOVED_OUT: Category = ("TRANSFER_OUT", "TRANSFER_OUT_ACCOUNT_TRANSFER")
WITHDRAWN: Category = ("TRANSFER_OUT", "TRANSFER_OUT_WITHDRAWAL")
INTEREST: Category = ("INCOME", "INCOME_INTEREST_EARNED")
INCOME: Category = ("INCOME", "INCOME_OTHER_INCOME")
PAYROLL: Category = ("GENERAL_SERVICES", "GENERAL_SERVICES_ACCOUNTING_AND_FINANCIAL_PLANNING")
OTHER: Category = ("GENERAL_SERVICES", "GENERAL_SERVICES_OTHER_GENERAL_SERVICES")
_BY_WORD: tuple[tuple[str, Category], ...] = (
    ("Gas & Electric", ("RENT_AND_UTILITIES", "RENT_AND_UTILITIES_GAS_AND_ELECTRICITY")),
    ("Telecom", ("RENT_AND_UTILITIES", "RENT_AND_UTILITIES_TELEPHONE")),
    ("Properties", ("RENT_AND_UTILITIES", "RENT_AND_UTILITIES_RENT")),
    ("Insurance", ("GENERAL_SERVICES", "GENERAL_SERVICES_INSURANCE")),
    ("Gas", ("TRANSPORTATION", "TRANSPORTATION_GAS")),
    ("Quickstop", ("TRANSPORTATION", "TRANSPORTATION_GAS")),
    ("Tire", ("GENERAL_SERVICES", "GENERAL_SERVICES_AUTOMOTIVE")),
    ("Diner", ("FOOD_AND_DRINK", "FOOD_AND_DRINK_RESTAURANT")),
    ("Bistro", ("FOOD_AND_DRINK", "FOOD_AND_DRINK_RESTAURANT")),
    ("Office", ("GENERAL_MERCHANDISE", "GENERAL_MERCHANDISE_OFFICE_SUPPLIES")),
    ("Hardware", ("HOME_IMPROVEMENT", "HOME_IMPROVEMENT_HARDWARE")),
    ("Air", ("TRAVEL", "TRAVEL_FLIGHTS")),
    ("Inn", ("TRAVEL", "TRAVEL_LODGING")),
    ("Bank", FEES),
)
_ONLINE = ("Apps", "Online", "Software", "Hosting", "Air", "Email", "Security", "Identity", "Adspot")
_SHORT = (("PROPERTIES", "PROP"), ("INSURANCE", "INS"), ("SERVICES", "SVC"), ("SUPPLY", "SPLY"), ("WHOLESALE", "WHSL"),
          ("DISTRIBUTORS", "DIST"), ("CONSULTING", "CONSULT"), ("MANUFACTURING", "MFG"), ("EQUIPMENT", "EQUIP"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wording:
    """What the bank writes and what the vendor recognises in it. merchant, entity_id: None where it recognises nobody."""

    name: str
    category: Category
    channel: str = "other"
    merchant: str | None = None
    entity_id: str | None = None
    party_type: str = "merchant"
    processor: str | None = None
    city: str | None = None
    state: str | None = None
    store: str | None = None
    check_number: str | None = None
    method: str | None = None
    reference: str | None = None


def upper(name: str) -> str:
    """`name` as a bank's mainframe writes it: capitals, no punctuation but `&`, digits kept."""
    return " ".join(re.sub(r"[^A-Z0-9& ]+", "", name.upper().replace("-", " ")).split())


@lru_cache(maxsize=4096)
def category_of(name: str) -> Category:
    """The category that a merchant's name suggests."""
    return next((category for word, category in _BY_WORD if word in name), OTHER)


@lru_cache(maxsize=4096)
def recognised(name: str) -> tuple[str | None, str | None]:
    """(merchant name, entity id) as the vendor knows them: seven in ten with an id, some by name only, some not at all."""
    kind = stable_seed("recognised", name) % 10
    return (name if kind < 9 else None), (merchant_entity_id(name) if kind < 7 else None)


@lru_cache(maxsize=8192)
def legal_name(name: str) -> str:
    """The name of the bank account's holder behind a trade name: as is, with a suffix, abbreviated, or a d/b/a."""
    plain, kind = upper(name), stable_seed("legal", name) % 6
    if kind == 0 and not plain.endswith((" LLC", " LLP", " INC", " CO")):
        return f"{plain} LLC"
    if kind == 1 and not plain.endswith((" LLC", " LLP", " INC", " CO")):
        return f"{plain} INC"
    if kind == 2:
        for long, short in _SHORT:
            plain = plain.replace(long, short)
        return plain
    if kind == 3:
        return f"{plain.split()[0][:3]} HOLDINGS DBA {plain}"
    return plain


def card(name: str, city: str, state: str, seed: int) -> Wording:
    """A purchase by card at a merchant; the processor in front and the tail behind are the merchant's, the store the purchase's."""
    plain, kind = upper(name), stable_seed("card", name) % 8
    merchant, entity_id = recognised(name)
    if any(word in name for word in _ONLINE):
        text = f"{plain.replace(' ', '')[:18]}.COM" if kind < 4 else f"PAYPAL *{plain.replace(' ', '')}"[:WIDTH]
        processor = None if kind < 4 else "PAYPAL"
        return Wording(text, category_of(name), "online", merchant, entity_id, processor=processor)
    store = f"{stable_seed(name, 'store', seed % 3) % 9000 + 100:04d}" if kind in (2, 3) else None
    prefix, processor = {0: ("SQ *", "SQUARE"), 1: ("TST* ", "TOAST")}.get(kind, ("", None))
    field = f"{prefix}{plain}" + (f" #{store}" if store else "")
    # A store number behind a long name is cut off with it.
    text = f"{field[:WIDTH]:{WIDTH}} {upper(city)[:13]:13} {state}" if kind < 6 else field[:WIDTH]
    return Wording(
        " ".join(text.split()) if kind % 2 else text, category_of(name), "in store", merchant, entity_id,
        processor=processor, city=city, state=state, store=store,
    )  # fmt: skip


def ach(name: str, entry: str, category: Category | None = None) -> Wording:
    """A bank debit or credit by the counterparty's legal name, cut to the width of the field."""
    merchant, entity_id = recognised(name)
    return Wording(f"{legal_name(name)[:WIDTH].strip()} {entry}", category or category_of(name), "other", merchant, entity_id, method="ACH")


def processor_payout(trace: int) -> Wording:
    """Card sales paid out by Stripe."""
    text = f"STRIPE TRANSFER ST-{trace % 10**8:08X}"
    return Wording(text, DEPOSIT, "online", "Stripe", merchant_entity_id("Stripe"), "payment_app", method="ACH")


def check(number: str, style: int) -> Wording:
    """A check that was presented: the bank knows its number and nobody's name."""
    text = (f"CHECK {number}", f"CHECK # {number}", f"CHECK PAID {number}", f"Check {number}")[style % 4]
    return Wording(text, WITHDRAWN, check_number=number, method="check")


def by_hand(memo: str, number: int, business: str, state: str) -> Wording:
    """The words of what the bookkeeper enters by hand: payroll, taxes, loan, owner."""
    company = upper(business)[:16].strip()
    if memo.startswith("Payroll tax"):
        return Wording("IRS USATAXPYMT 2200" + f"{number:05d}", TAXES, method="ACH")
    if memo.startswith("Sales tax"):
        return Wording(f"{state} DEPT REVENUE TAX PAYMENT", TAXES, method="ACH")
    if memo.startswith("Payroll"):
        return Wording(f"PAYHAUS PAYROLL {company}", PAYROLL, "other", "Payhaus", merchant_entity_id("Payhaus"), method="ACH")
    if memo.startswith("Loan"):
        return Wording("COMMERCIAL LOAN AUTOPAY", LOAN, method="ACH")
    if memo.startswith("Owner"):
        return Wording("WITHDRAWAL", WITHDRAWN)
    return Wording(f"ACH DEBIT {company}", OTHER, method="ACH")
