"""The canonical text of an event: what DuckDB hashes is what the definition says, whatever the texts hold."""

from __future__ import annotations

import json

import duckdb
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from rowcol_assets.audit.event import EVENT, HASHED, canonical, canonical_sql

TEXT = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
INSTANT = st.none() | st.datetimes()
VALUES = {"string": TEXT, "int64": st.none() | st.integers(-(2**63), 2**63 - 1), "timestamp[us]": INSTANT}
EVENTS = st.fixed_dictionaries({field.name: VALUES[str(field.type)] for field in HASHED})


@given(st.lists(EVENTS, min_size=1, max_size=5))
def test_the_sql_expression_gives_the_defined_text(events: list[dict[str, object]]) -> None:
    table = pa.Table.from_pylist(events, schema=pa.schema(list(HASHED)))
    with duckdb.connect() as connection:
        connection.register("events", table)
        found = connection.execute(f"select {canonical_sql()} from events").fetchall()
    assert found == [(canonical(event),) for event in events]


def test_the_text_is_json_that_tells_null_from_empty_and_names_its_form() -> None:
    event = dict.fromkeys(EVENT.names) | {"business_id": "acme", "seq": 1, "reason": "", "snapshot": '{"a":"\x01\n"}'}
    texts = json.loads(canonical(event))
    assert texts[:3] == ["rowcol.audit.v1", "acme", "1"]
    assert texts[-3:] == ["", None, '{"a":"\x01\n"}']
    assert len(texts) == len(EVENT.names) - 1
