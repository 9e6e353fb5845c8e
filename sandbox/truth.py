"""What really happened, as Parquet: one function per table, ids as the rail serves them.

Tables of rails that are not served yet exist and are empty, so that whoever reads them needs no special case.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.errors import UsageError
from sandbox.hub import Hub
from sandbox.plaid import cash
from sandbox.qbo.company import GeneratedCompany
from sandbox.qbo.entities import RAW_TABLE
from sandbox.qbo.render_documents import RENDERERS
from sandbox.rails import Row, sandbox_rails
from sandbox.ramp.rail import bill_ids
from sandbox.world.life import balances_now
from sandbox.world.oracle import findings_of_the_whole, standing_mistakes

_TYPES: dict[str, pa.DataType] = {
    "date": pa.date32(),
    "bank_cash": pa.decimal128(18, 2),
    "ledger_cash": pa.decimal128(18, 2),
    "posted_cash": pa.decimal128(18, 2),
    "open_ap": pa.decimal128(18, 2),
    "open_ar": pa.decimal128(18, 2),
    "is_standing": pa.bool_(),
    "version_no": pa.int64(),
    "is_deleted": pa.bool_(),
    "served_first_at": pa.timestamp("s", tz="UTC"),
}
_COLUMNS = {
    "vendors": "business_id world_vendor_id rail rail_vendor_id name",
    "bills": "business_id world_bill_id qbo_bill_id ramp_bill_id",
    "bank_matches": "business_id plaid_transaction_id rail entity record_id world_event_id",
    "payouts": "business_id stripe_payout_id plaid_transaction_id charge_ids",
    "receivables": "business_id entity record_id qbo_entity qbo_record_id",
    "balances": "business_id date bank_cash open_ap open_ar ledger_cash posted_cash",
    "mistakes": "business_id kind hygiene_check rail entity record_id is_standing",
    "served": "business_id rail entity record_id version_no content_sha256 is_deleted served_first_at",
}
# Whatever is not typed above is text.
SCHEMAS: dict[str, pa.Schema] = {
    table: pa.schema([pa.field(name, _TYPES.get(name, pa.string())) for name in names.split()]) for table, names in _COLUMNS.items()
}


def truth_table(hub: Hub, table: str) -> bytes:
    """One truth table as Parquet bytes; UsageError names the tables there are."""
    if table not in SCHEMAS:
        raise UsageError(f"there is no truth table {table!r}; there are: {', '.join(SCHEMAS)}")
    schema = SCHEMAS[table]
    rows = list(_ROWS[table](hub)) if table in _ROWS else []
    for rail in sandbox_rails().values():
        if table in rail.truths:
            # What only a comparison with this rail shows is no mistake to who does not read it.
            read = rail.readers(hub) if table == "mistakes" else ()
            rows += (row for row in rail.truths[table](hub) if table != "mistakes" or row[0] in read)
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    content = pa.table([pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)], schema=schema)
    out = io.BytesIO()
    pq.write_table(content, out, compression="zstd")
    return out.getvalue()


def _generated(hub: Hub) -> Iterator[GeneratedCompany]:
    for listing in hub.listings:
        company = hub.company(listing.realm)
        if isinstance(company, GeneratedCompany):
            yield company


def _vendors(hub: Hub) -> Iterator[Row]:
    """One row per ledger vendor, inactive ones too; two entries of one counterparty share their world id."""
    for company in _generated(hub):
        for vendor in company.world.vendors.values():
            yield company.business_id, f"vendor-{vendor.same_as or vendor.id}", "qbo", str(vendor.id), vendor.name


def _bills(hub: Hub) -> Iterator[Row]:
    """One row per bill that the ledger or Ramp holds; what the ledger deleted and Ramp did not is Ramp's alone."""
    for company in _generated(hub):
        on_ramp = bill_ids(hub, company.business_id)
        for bill in company.world.docs["bill"].values():
            yield company.business_id, f"bill-{bill.same_as or bill.id}", str(bill.id), on_ramp.pop(f"bill-{bill.id}", None)
        for world_id, ramp_id in on_ramp.items():
            yield company.business_id, world_id, None, ramp_id


def _balances(hub: Hub) -> Iterator[Row]:
    """One row per closed day, and today's as it stands.

    posted_cash: posted on the bank accounts at the day's end, today by now, by the bank itself. ledger_cash: what the ledger's
    bank accounts hold. bank_cash: the business's cash as its rails can know it: by its ledger until one of its bank logins
    was read, from then on by its bank, today less what is pending and as of the vendor's last look.
    """
    linked = sandbox_rails()["plaid"].readers(hub)
    for company in _generated(hub):
        world, business = company.world, company.business_id
        assert world.next_day is not None
        days = [*world.balances, (world.next_day - timedelta(days=1), *balances_now(world))]
        posted = list(cash.at_the_end_of(hub, business, (day for day, *_ in days)))
        by_bank = [*posted[:-1], cash.bank_cash(hub, business)] if business in linked else [held for _, held, _, _ in days]
        for (day, ledger, payable, receivable), known, at_bank in zip(days, by_bank, posted, strict=True):
            yield business, day, *map(_money, (known, payable, receivable, ledger, at_bank))


def _mistakes(hub: Hub) -> Iterator[Row]:
    for company in _generated(hub):
        for mistake, is_standing in standing_mistakes(company.world):
            entity = RENDERERS[mistake.entity][0] if mistake.entity in RENDERERS else mistake.entity.capitalize()
            yield company.business_id, mistake.kind, mistake.check, "qbo", RAW_TABLE[entity], str(mistake.id), is_standing
        for kind, check in findings_of_the_whole(company.world):
            yield company.business_id, kind, check, "qbo", "businesses", company.business_id, True


def _served(hub: Hub) -> Iterator[Row]:
    for rail in sandbox_rails().values():
        yield from rail.served(hub)


_ROWS: dict[str, Callable[[Hub], Iterator[Row]]] = {
    "vendors": _vendors,
    "bills": _bills,
    "balances": _balances,
    "mistakes": _mistakes,
    "served": _served,
}


def _money(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)
