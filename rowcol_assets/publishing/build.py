"""Builds one generation in a folder: a DuckDB file, the same tables as Parquet, the digest, a manifest and a README.

Which rows go in is decided by `content` and `held`; when the folder becomes current, by `publish`. The workbook that lies
beside is written by `workbook`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from ingestion.clock import utc_text
from ingestion.failpoints import fail_point
from ingestion.files import private_dir
from ingestion.settings import Settings
from rowcol_assets.publishing.content import PORTFOLIO, PublishedTable, quote, quote_text
from rowcol_assets.publishing.digest import digest_json, make_digest
from rowcol_assets.publishing.digest_page import digest_page
from rowcol_assets.publishing.digest_text import digest_markdown
from rowcol_assets.publishing.layout import DATABASE, DIGEST, DIGEST_PAGE, DIGEST_TEXT, MANIFEST, README, WORKBOOK

ATTACHED = "publish_target"
# Read by DuckDB 1.2 (February 2025) and everything since. Of a file in the format of 1.0 the portfolio is read in 28 ms of a processor,
# of this one in 18: whoever opens a file reads the description of each of its columns, which is shorter here.
STORAGE = "v1.2.0"
# The lists of bills and invoices that the digest leaves out are the larger part of experiences.digest.
LISTS = ("experiences", "digest")

README_TEXT = """# {advisor}: what RowCol published

Generation {generation}, valued at {as_of}, published {published_at}.

* `{database}`: all tables, in the schemas {schemas}. Open it read-only; a newer generation is another file.
* `<schema>/<table>.parquet`: the same tables, one file each.
* `{workbook}`: what one works through in a spreadsheet; its first sheet says what each sheet is.
* `{digest_page}`, `{digest_text}`, `{digest}`: what to look at first, as a page, as text and as data.
* `{manifest}`: row counts, keys, a SHA-256 of each file, and which businesses are held at an older state and why.

The folder is replaced as a whole. A program that reads several files resolves the link once and reads from there.

Every table has `business_id`, and names of columns mean the same in all of them: `_amount` is money with its `currency` beside it,
`_at` an instant in UTC, `_date` a day of the business's own calendar, `is_` and `has_` yes or no. What a column means is its comment:
`select table_name, column_name, comment from duckdb_columns()`. No two rows of a table have the same key; in the DuckDB file it is the
table's primary key, so that a tool which looks for one finds it.

```sql
-- Who needs me today, and why?
select business_name, attention, runway_days, top_issues, changed_since_last_week
from experiences.portfolio
order by runway_days nulls last;
```

| table | rows | what it holds | key | questions it answers |
|---|---:|---|---|---|
{tables}
"""


def write_tables(
    settings: Settings, warehouse: duckdb.DuckDBPyConnection, folder: Path, tables: Mapping[PublishedTable, str]
) -> dict[str, dict[str, Any]]:
    """Writes each table's query result to the DuckDB file and to Parquet; rows, sha256 and key per relation.

    A query gives the table's columns in their order, in the warehouse's own types. Rows that break a table's key are an error:
    what is there twice would be counted twice.
    """
    file = folder / DATABASE
    warehouse.execute(f"attach {quote_text(str(file))} as {ATTACHED} (storage_version '{STORAGE}')")
    try:
        # One transaction: a commit per table is a flush per table, half of the time when the tables are small.
        warehouse.execute("begin")
        for schema in sorted({table.schema for table in tables}):
            warehouse.execute(f"create schema {ATTACHED}.{quote(schema)}")
            private_dir(folder / schema)
        written = {}
        for position, (table, query) in enumerate(tables.items()):
            written[table.relation] = _write_table(warehouse, folder, table, query)
            if position == len(tables) // 2:
                fail_point("mid_publish", settings)
        warehouse.execute("commit")
        warehouse.execute(f"checkpoint {ATTACHED}")
    except BaseException:
        with suppress(duckdb.Error):
            warehouse.execute("rollback")
        raise
    finally:
        warehouse.execute(f"detach {ATTACHED}")
    return written


def write_digest(
    warehouse: duckdb.DuckDBPyConnection, folder: Path, written: Mapping[str, Any], *, advisor: str, as_of: date, published_at: datetime
) -> dict[str, dict[str, Any]]:
    """Writes the digest of the tables that were `written` to `folder`, as JSON, Markdown and HTML; bytes and sha256 per file.

    Nothing where the portfolio was never built: a digest without it would say that no client is granted.
    """
    portfolio, lists = (
        _rows(warehouse, folder.joinpath(*key).with_suffix(".parquet")) if ".".join(key) in written else None for key in (PORTFOLIO, LISTS)
    )
    if portfolio is None:
        return {}
    digest = make_digest(advisor, as_of, published_at, portfolio, lists or [])
    bodies = {DIGEST: digest_json(digest), DIGEST_TEXT: digest_markdown(digest).encode(), DIGEST_PAGE: digest_page(digest).encode()}
    for name, body in bodies.items():
        (folder / name).write_bytes(body)
    return {name: {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()} for name, body in bodies.items()}


def write_manifest(
    folder: Path,
    tables: Iterable[PublishedTable],
    *,
    advisor: str,
    generation: int,
    as_of: date,
    published_at: datetime,
    run_id: str,
    facts: Mapping[str, Any],
) -> None:
    """Writes the manifest, and the README with what `tables` hold; `facts` are the manifest's further entries."""
    manifest = {"generation": generation, "advisor": advisor, "as_of": as_of.isoformat(), "published_at": utc_text(published_at)}
    (folder / MANIFEST).write_text(json.dumps({**manifest, "run_id": run_id, **facts}, indent=1) + "\n", encoding="utf-8")
    schemas = sorted({relation.split(".")[0] for relation in facts["tables"]})
    names = {"database": DATABASE, "manifest": MANIFEST, "workbook": WORKBOOK}
    names |= {"digest": DIGEST, "digest_text": DIGEST_TEXT, "digest_page": DIGEST_PAGE}
    rows = {relation: entry["rows"] for relation, entry in facts["tables"].items()}
    listed = "\n".join(f"| {' | '.join(_described(table, rows[table.relation]))} |" for table in tables)
    text = README_TEXT.format(**manifest, **names, schemas=", ".join(schemas) or "(none)", tables=listed)
    (folder / README).write_text(text, encoding="utf-8")


def _write_table(warehouse: duckdb.DuckDBPyConnection, folder: Path, table: PublishedTable, query: str) -> dict[str, Any]:
    target = f"{ATTACHED}.{table.quoted}"
    columns = [f"{quote(name)} {kind}{' not null' if name in table.row_key else ''}" for name, kind in table.columns]
    if table.row_key:
        columns.append(f"primary key ({', '.join(map(quote, table.row_key))})")
    warehouse.execute(f"create table {target} ({', '.join(columns)})")
    warehouse.execute(f"insert into {target} {query}")
    if table.comment:
        warehouse.execute(f"comment on table {target} is {quote_text(table.comment)}")
    for column, comment in table.comments:
        warehouse.execute(f"comment on column {target}.{quote(column)} is {quote_text(comment)}")
    parquet = folder / table.schema / f"{table.name}.parquet"
    row = warehouse.execute(f"copy {target} to {quote_text(str(parquet))} (format parquet, compression zstd)").fetchone()
    with parquet.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"rows": row[0] if row else 0, "sha256": digest, "key": table.row_key}


def _described(table: PublishedTable, rows: int) -> list[str]:
    """The cells of a table's row in the README."""
    key = ", ".join(f"`{column}`" for column in table.row_key)
    return [f"`{table.relation}`", f"{rows:,}", " ".join((table.comment or "").split()), key, " ".join(table.questions)]


def _rows(warehouse: duckdb.DuckDBPyConnection, parquet: Path) -> list[dict[str, Any]]:
    columns = "columns(name -> name not in ('bills_data', 'invoices_data'))"
    cursor = warehouse.execute(f"select {columns} from read_parquet({quote_text(str(parquet))})")
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
