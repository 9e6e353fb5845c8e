"""Columns of events as hashing wants them: bytes of texts without a string of each, runs of a business, hashes as text."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import cast

import pyarrow as pa
import pyarrow.compute as pc


def texts(column: pa.Array) -> Iterator[memoryview]:
    """The bytes of a column of texts without making texts of them, in order; none may be null."""
    if column.null_count:
        raise ValueError("an event has no canonical text")
    _, offsets, data = column.buffers()
    whole = memoryview(offsets or b"").cast("q" if pa.types.is_large_string(column.type) else "i")
    view = memoryview(data or b"")
    ends = whole[column.offset : column.offset + len(column) + 1].tolist()
    return (view[start:end] for start, end in pairwise(ends))


def runs(businesses: pa.Array) -> Iterator[tuple[str, int]]:
    """Each business of neighbouring events with their number."""
    encoded = pc.run_end_encode(businesses)  # type: ignore[attr-defined]
    ends = encoded.run_ends.to_pylist()
    return ((business, end - start) for business, start, end in zip(encoded.values.to_pylist(), [0, *ends], ends, strict=False))


def hexadecimal(hashes: bytes) -> pa.Array:
    """Hashes of 32 bytes that lie side by side as texts of 64 digits, made without a string of each."""
    offsets = pa.array(range(0, 2 * len(hashes) + 1, 64), pa.int32())
    return pa.StringArray.from_buffers(len(hashes) // 32, cast("pa.Buffer", offsets.buffers()[1]), pa.py_buffer(hashes.hex().encode()))
