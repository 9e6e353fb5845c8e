"""What a rail's records say of a bill's way from approval to the ledger, in plain words, and how a rail's reader of them is found.

The reader is in the rail's folder, named by its promise. Who puts the words of several rails together is
`rowcol_assets.audit.story`; what is late or out of order is the mart `fct_custody_chain`.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Protocol

from ingestion.currencies import shown_amount
from ingestion.promise import RailPromise

Stage = Literal["approve", "execute", "verify", "record"]


@dataclass(frozen=True, slots=True)
class Word:
    """What one version of a record says of one stage. bills: the bills it is about, by their ids on the same rail."""

    stage: Stage
    says: str
    bills: tuple[str, ...] = ()


class Reader(Protocol):
    """The words of one version of a record, none if it says nothing of the chain; MalformedPage when it cannot be read."""

    def __call__(self, entity: str, record_id: str, payload: bytes) -> tuple[Word, ...]: ...


def custody_reader(promise: RailPromise) -> Reader | None:
    """The rail's reader; None for a rail that has no part in paying bills."""
    if promise.custody is None:
        return None
    module, _, name = promise.custody.partition(":")
    found: Reader = getattr(importlib.import_module(module), name)
    return found


def money(amount: Decimal | None, currency: str | None) -> str:
    """An amount in major units as a person reads it."""
    return "an amount that was not told" if amount is None else shown_amount(amount, currency)
