"""Tiny recorded companies written by a test, byte by byte, so that an amount or a name is exactly what the test says."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

STAMP = "2026-01-15T09:00:00-05:00"


@dataclass
class Company:
    """One company's records as JSON text per entity; ids count up per entity."""

    business_id: str
    lines: dict[str, list[str]] = field(default_factory=dict)

    def add(self, entity: str, *members: str) -> str:
        """Adds a record with `members` (JSON text like `"TotalAmt":0.285`) and returns its id."""
        found = self.lines.setdefault(entity, [])
        record_id = str(len(found) + 1)
        head = [f'"Id":"{record_id}"', '"SyncToken":"0"', f'"MetaData":{{"CreateTime":"{STAMP}","LastUpdatedTime":"{STAMP}"}}']
        found.append("{" + ",".join([*head, *members]) + "}")
        return record_id

    def vendor(self, name: str = "Paper Mill") -> str:
        return self.add("Vendor", f'"DisplayName":{json.dumps(name)}', '"Active":true', '"Balance":0')

    def customer(self, name: str = "Book Shop") -> str:
        return self.add("Customer", f'"DisplayName":{json.dumps(name)}', '"Active":true', '"Balance":0')

    def bill(self, amount: str, *members: str, due: str | None = "2026-02-01", vendor: str = "1") -> str:
        """A bill whose total and balance are the JSON text `amount`, all of it open."""
        dated = [f'"DueDate":"{due}"'] if due else []
        return self.add(
            "Bill",
            f'"TotalAmt":{amount}',
            f'"Balance":{amount}',
            '"TxnDate":"2026-01-10"',
            *dated,
            f'"VendorRef":{{"value":"{vendor}"}}',
            '"CurrencyRef":{"value":"USD"}',
            f'"Line":[{{"Id":"1","Amount":{amount},"DetailType":"AccountBasedExpenseLineDetail",'
            '"AccountBasedExpenseLineDetail":{"AccountRef":{"value":"2"}}}]',
            *members,
        )

    def invoice(self, amount: str, due: str | None, *members: str) -> str:
        dated = [f'"DueDate":"{due}"'] if due else []
        return self.add(
            "Invoice",
            f'"TotalAmt":{amount}',
            f'"Balance":{amount}',
            '"TxnDate":"2026-01-10"',
            *dated,
            '"CustomerRef":{"value":"1"}',
            '"CurrencyRef":{"value":"USD"}',
            *members,
        )

    def account(self, name: str, kind: str, balance: str) -> str:
        return self.add("Account", f'"Name":{json.dumps(name)}', f'"AccountType":"{kind}"', '"Active":true', f'"CurrentBalance":{balance}')


def ordinary(business_id: str) -> Company:
    """A company with a vendor, a customer, a bank account and an expense account, and nothing wrong."""
    company = Company(business_id)
    company.vendor()
    company.customer()
    company.account("Checking", "Bank", "1000.10")
    company.account("Office", "Expense", "0")
    return company


def write(root: Path, companies: Sequence[Company]) -> Path:
    """Writes the companies as `sandbox serve --recorded` takes them."""
    for company in companies:
        folder = root / company.business_id
        folder.mkdir(parents=True)
        for entity, lines in company.lines.items():
            (folder / f"{entity}.jsonl").write_bytes("\n".join(lines).encode() + b"\n")
    return root
