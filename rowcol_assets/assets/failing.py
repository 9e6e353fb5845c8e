"""How a step fails: in one sentence, again by policy when the warehouse was busy, and once only for everything else.

Repeating is for what passes by itself. A model that fails on its data or a defect would fail the same way again, a
minute later and with the warehouse held meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from ingestion.disk import full_disk
from ingestion.errors import RowcolError, WarehouseBusy
from rowcol_assets.resources import Platform
from rowcol_assets.runs import sign_run

BUSY = "warehouse_busy"


@contextmanager
def step_of(context: dg.AssetExecutionContext, platform: Platform) -> Iterator[None]:
    """The frame around a step's work: notes whose process works on the run, and turns errors into plain failures."""
    sign_run(context.instance, context.run)
    try:
        yield
    except dg.Failure:
        raise
    except WarehouseBusy as busy:
        raise dg.Failure(_with_notes(str(busy), busy), metadata={BUSY: True}, allow_retries=platform.retries_when_busy) from None
    except RowcolError as error:
        raise dg.Failure(_with_notes(str(error), error), allow_retries=False) from None
    except Exception as error:
        # Its own text can hold what the code was working on; the run's event has it, alerts and terminals do not.
        told = full_disk(error) or f"stopped by an unexpected {type(error).__name__}"
        raise dg.Failure(_with_notes(told, error), allow_retries=False) from error


def _with_notes(told: str, error: Exception) -> str:
    """`told` and what else went wrong while the step ended, which is noted on its error."""
    return "; ".join([told, *getattr(error, "__notes__", ())])


def was_busy(event: dg.DagsterEvent) -> bool:
    """Whether a step failed because another process kept the warehouse."""
    told = event.step_failure_data.user_failure_data
    return bool(told and BUSY in told.metadata)
