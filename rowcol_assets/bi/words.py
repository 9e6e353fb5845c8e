"""What the codes of published columns are called on a page: each vocabulary as SQL over a column.

A code without an entry is shown with blanks for its underscores, so that a new one reads nearly as well. What the rules of the
guardrail and the checks of hygiene are called is read from their seeds.
"""

from __future__ import annotations

import csv
from functools import cache

from rowcol_assets.transform import PROJECT_DIR

_SEEDS = PROJECT_DIR / "seeds"

FRESH, AGING, STALE, NEVER, PAUSED = "fresh", "aging", "stale", "never read", "paused"
ASKED = "to be asked for"

_CODES: dict[str, dict[str, str]] = {
    "rail": {"qbo": "QuickBooks", "ramp": "Ramp", "plaid": "Plaid", "stripe": "Stripe", "user": "entered here"},
    "freshness": {"never_synced": NEVER, "disabled": PAUSED},
    "severity": {"C": "1 critical", "H": "2 high", "M": "3 medium", "L": "4 low"},
    "priority": {"MUST_PAY": "must pay", "CAN_DELAY": "can wait", "DISCRETIONARY": "discretionary"},
    "answer": {"needs_data": "needs data"},
    "decision": {"approve": "approved", "hold": "held"},
    "missing": {
        "no_cash_account": "no bank account is known",
        "unreadable_balance": "a bank balance could not be read",
        "no_exchange_rate": "an exchange rate is not known",
        "no_burn": "nothing was spent in the last 90 days",
        "short_history": "the history is too short",
        "no_history": "there is no earlier day to compare with yet",
        "no_changes": "nothing changed",
        "no_source_time": "no vendor says when it changed",
        "not_watched": "nobody tried to read the file",
    },
    "bucket": {
        "current": "0 not due",
        "d1_30": "1 to 30 days",
        "d31_60": "31 to 60 days",
        "d61_90": "61 to 90 days",
        "d90_plus": "91 days and more",
    },
    "cause": {
        "balance": "account balances",
        "cash_source": "cash read from another rail",
        "formula": "another formula of the runway",
        "floor": "runway cannot fall below zero",
        "unattributed": "not explained",
        "no_history": "nothing to compare with",
    },
    "exception": {
        "no_match": "on one rail alone",
        "ambiguous": "a person should say which",
        "paid_without_money": "said to be paid, no money seen",
        "timing": "may still arrive",
        "unmapped": "vendor unknown to the ledger",
    },
    "conflict": {"settled_by_precedence": "open: the rule decides", "contested": "open: contested", "decided": "decided by a person"},
    "field": {"gl_account": "ledger account"},
    "stage": {
        "none": "0 not approved",
        "approve": "1 approved",
        "execute": "2 paid",
        "verify": "3 seen at the bank",
        "record": "4 recorded in the ledger",
    },
    "standing": {
        "to_ask": ASKED,
        "paid_on_stripe": "paid through Stripe, to be recorded",
        "uncollectible": "given up on Stripe, to be written off",
        "covered": "paid or credited, to be applied",
    },
    "stuck": {"approve": "approval", "execute": "payment", "verify": "the bank", "record": "the ledger"},
    "violation": {},
    "code": {},
}
# Vocabularies of columns that hold several codes, with what stands between two of them.
_LISTED = {"rail": ", ", "rule": " ", "violation": ", "}


def said(column: str, vocabulary: str) -> str:
    """SQL for what `column` is called: NULL where it is NULL."""
    codes = _rules() if vocabulary == "rule" else _CODES[vocabulary]
    if vocabulary in _LISTED:
        return f"array_to_string([{_one('code', codes)} for code in string_split({column}, ',')], {_quoted(_LISTED[vocabulary])})"
    return _one(column, codes)


def _one(column: str, codes: dict[str, str]) -> str:
    plain = f"replace({column}, '_', ' ')"
    cases = " ".join(f"when {_quoted(code)} then {_quoted(words)}" for code, words in codes.items())
    return f"case {column} {cases} else {plain} end" if cases else plain


@cache
def _rules() -> dict[str, str]:
    """What speaks against paying a bill: the guardrail's rules, and the checks that block."""
    rules = {row["rule"]: row["meaning"] for row in _seed("guardrail_rules")}
    checks = {f"hygiene_{row['check_id'].lower()}": f"{row['name']} ({row['check_id']})." for row in _seed("hygiene_catalogue")}
    return rules | checks


def _seed(name: str) -> list[dict[str, str]]:
    with (_SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
