"""Keeps what Dagster works out anew for each output of a step though it comes to the same.

The steps of models and checks have hundreds of outputs each: for each of them Dagster goes through all of them to list the step's
assets, and asks the run history for each asset it was made from, one by one, for the version that is noted as its input. What none of it
may change: which events are stored, and what they say. How events are stored: `event_log`; the same of dbt: `dbt_repeats`.
"""

from __future__ import annotations

from collections.abc import Set
from functools import cache
from typing import Any

import dagster as dg
from dagster._core.execution.context.data_version_cache import DataVersionCache, InputAssetVersionInfo
from dagster._core.execution.context.system import StepExecutionContext

_list_keys = StepExecutionContext.get_output_asset_keys
_look_up = DataVersionCache.maybe_fetch_and_get_input_asset_version_info


@cache
def keep_repeats() -> None:
    """Has Dagster in this process keep all this."""
    StepExecutionContext.get_output_asset_keys = _output_keys  # type: ignore[method-assign]
    DataVersionCache.maybe_fetch_and_get_input_asset_version_info = _input_version  # type: ignore[method-assign]


def _output_keys(self: Any) -> Set[dg.AssetKey]:
    """The assets of a step, which its plan says and nothing changes while it runs."""
    if "rowcol_output_keys" not in self.__dict__:
        self.rowcol_output_keys = _list_keys(self)
    keys: Set[dg.AssetKey] = self.rowcol_output_keys
    return keys


def _input_version(self: Any, key: dg.AssetKey) -> InputAssetVersionInfo | None:
    """What the history says last of an input. One that is not known is asked for with all that this step has stored since it last asked.

    A step stores each asset once, and Dagster forgets what it knew of it then, so that what is asked afterwards stays true.
    """
    known: dict[dg.AssetKey, InputAssetVersionInfo | None] = self.input_asset_version_info
    if key not in known:
        self._fetch_input_asset_version_info(list({key, *(stored for stored in self.values if stored not in known)}))
    return known[key]
