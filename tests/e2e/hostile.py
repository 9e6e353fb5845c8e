"""Companies whose records are hostile or drifted, written byte by byte, and which record holds what. Read by `test_hostile`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from tests.e2e import tiny

# JSON text of an amount, and what it is; None: not an amount, to be rejected.
AMOUNTS: dict[str, Decimal | None] = {
    "0.10": Decimal("0.10"),
    "0.285": Decimal("0.29"),
    "1e2": Decimal("100.00"),
    "0.30000000000000004": Decimal("0.30"),
    "123456789012345.67": Decimal("123456789012345.67"),
    "9999999999999999.99": Decimal("9999999999999999.99"),
    "1234567890123456.78": Decimal("1234567890123456.78"),
    "12345678901234567.89": None,
    "-45.10": Decimal("-45.10"),
    '"12.34"': Decimal("12.34"),
    '"abc"': None,
    '"1,234.50"': None,
    "true": None,
    '{"value":5}': None,
    "[7]": None,
}
NAMES = {
    "sql": "'); drop table marts.fct_bills; --",
    "jinja": "{{ 7 * 7 }}{% raw %}{% endraw %}",
    "nul": "a\x00b",
    "direction": "\u202egnp.exe\u2066 \u05d0\u05d1",
    "formula": "=cmd|' /C calc'!A0",
    "braces": "{0} {name} %s ${HOME} \\n \\",
    "quotes": "O\"Brien's \u201cBest\u201d \U0001f9fe",
    "long": "x" * 1_000_000,
    "path": "../../etc/passwd",
}
ZONES = {"auckland": "Pacific/Auckland", "kolkata": "Asia/Kolkata", "london": "Europe/London", "new-york": "America/New_York"}
DUE = (
    "2026-03-06",
    "2026-03-07",
    "2026-03-08",
    "2026-03-09",
    "2026-02-06",
    "2026-02-07",
    "2026-02-08",
    "2025-12-07",
    "2028-02-29",
    "2028-01-30",
)


@dataclass(frozen=True)
class Written:
    """Which record holds which amount, name or drift."""

    bills: dict[str, str]
    vendors: dict[str, str]
    drifted: dict[str, str]


def write_hostile(root: Path) -> Written:
    """Writes the companies as `sandbox serve --recorded` takes them."""
    exact, hostile, drift, calm = (tiny.ordinary(name) for name in ("exact-co", "hostile-co", "drift-co", "calm-co"))
    bills = {amount: exact.bill(amount) for amount in AMOUNTS}
    vendors = {kind: hostile.vendor(name) for kind, name in NAMES.items()}
    for kind, vendor in vendors.items():
        hostile.bill("10.00", f'"PrivateNote":{json.dumps(NAMES[kind])}', f'"DocNumber":{json.dumps(NAMES[kind][:21])}', vendor=vendor)
    drifted = {
        "new field": drift.bill("20.00", '"ReleaseTag":{"wave":2,"labels":["a",null]}'),
        "null became object": drift.bill("20.00", '"DepartmentRef":{"value":{"deep":["er"]}}'),
        "object became text": drift.bill("20.00"),
        "number became text": drift.bill('"20.00"'),
        "text became number": drift.bill("20.00", '"DocNumber":1037'),
    }
    drift.lines["Bill"][2] = drift.lines["Bill"][2].replace('"VendorRef":{"value":"1"}', '"VendorRef":"1"')
    calm.bill("33.33")
    zoned = [tiny.ordinary(name) for name in ZONES]
    for company in zoned:
        for due in (*DUE, None):
            company.bill("7.00", due=due)
            company.invoice("9.00", due)
    tiny.write(root, [exact, hostile, drift, calm, *zoned])
    return Written(bills, vendors, drifted)
