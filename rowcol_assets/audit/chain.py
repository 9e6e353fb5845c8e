"""The chain of each business: a hash per event over its content and everything before it.

The first event of a business is chained to a value made of the business's id, so no chain can be passed off as another's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from rowcol_assets.audit.event import TAG


@dataclass(slots=True)
class Head:
    """The end of a business's chain: how many events it has, and the last chain hash (32 bytes)."""

    seq: int
    chain: bytes


def genesis(business_id: str) -> Head:
    """Where the chain of a business begins."""
    return Head(0, hashlib.sha256(f"{TAG}\n{business_id}".encode()).digest())


def link(previous: bytes, content: bytes) -> bytes:
    """The chain hash of an event: SHA-256 of the one before it and of its own content hash, as 64 bytes."""
    return hashlib.sha256(previous + content).digest()


def extend(heads: dict[str, Head], runs: Iterable[tuple[str, int]], texts: Iterator[memoryview]) -> tuple[bytes, bytes]:
    """Chains canonical texts in order, moving `heads` on; gives the content hashes and the chain hashes, each one after another.

    runs: the business of the next texts and how many of them are its. Hashed here and not in SQL: for 200,000 texts of 700 bytes
    DuckDB's sha256 takes 1.4 s, this 0.4 s.
    """
    sha256 = hashlib.sha256
    contents, chains = [], []
    for business_id, events in runs:
        head = heads.get(business_id) or heads.setdefault(business_id, genesis(business_id))
        chain = head.chain
        for text in islice(texts, events):
            content = sha256(text).digest()
            chain = sha256(chain + content).digest()
            contents.append(content)
            chains.append(chain)
        head.seq, head.chain = head.seq + events, chain
    return b"".join(contents), b"".join(chains)


def heads_root_leaf(business_id: str, head: Head) -> bytes:
    """What stands for a business in the tree over all heads."""
    return f"{business_id}\n{head.seq}\n{head.chain.hex()}".encode()
