"""What is kept of Dagster's work: events say the same with and without it, and the run history is asked less often."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest
from dagster._core.execution.context.data_version_cache import DataVersionCache
from dagster._core.execution.context.system import StepExecutionContext

from rowcol_assets import dagster_repeats

# Each asset of the step with those it is made from: `raw` is another step's, `never` was made by nobody.
MADE_FROM = {"a": ["raw", "never"], "b": ["raw"], "c": ["never"], "d": ["a", "b", "c", "raw"], "e": ["a", "d", "never"], "f": ["b", "e"]}


@dg.asset(code_version="1")
def raw() -> None:
    """What the step reads."""


@dg.multi_asset(
    specs=[dg.AssetSpec(name, deps=made_from, code_version="1", skippable=True) for name, made_from in MADE_FROM.items()],
    can_subset=True,
)
def step(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
    """All of them, in the order of their making."""
    for name in MADE_FROM:
        if dg.AssetKey(name) in context.selected_asset_keys:
            yield dg.MaterializeResult(name)


@pytest.fixture(params=["kept", "dagster's own"])
def asked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The keys of each question to the run history, with what we keep or with Dagster's own code."""
    dagster_repeats.keep_repeats()
    if request.param != "kept":
        monkeypatch.setattr(StepExecutionContext, "get_output_asset_keys", dagster_repeats._list_keys)
        monkeypatch.setattr(DataVersionCache, "maybe_fetch_and_get_input_asset_version_info", dagster_repeats._look_up)
    questions: list[list[str]] = []
    fetch = DataVersionCache._fetch_asset_records

    def noted(self: Any, keys: Any) -> Any:
        questions.append([key.to_user_string() for key in keys])
        return fetch(self, keys)

    monkeypatch.setattr(DataVersionCache, "_fetch_asset_records", noted)
    return questions


def test_each_asset_notes_the_versions_it_was_made_from(asked: list[list[str]], request: pytest.FixtureRequest) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        for chosen in ([*MADE_FROM, "raw"], ["c", "d"], list(MADE_FROM)):
            assert dg.materialize([raw, step], instance=instance, selection=chosen).success
        stored: dict[str, Any] = {}
        pointers: dict[str, int | None] = {}
        for name in ("raw", *MADE_FROM):
            event = instance.get_latest_materialization_event(dg.AssetKey(name))
            assert event is not None and event.asset_materialization is not None
            stored[name] = event.asset_materialization.tags or {}
            record = instance.get_asset_records([dg.AssetKey(name)])[0]
            pointers[name] = record.asset_entry.last_materialization_storage_id
    for name, made_from in MADE_FROM.items():
        for source in made_from:
            if source == "never":
                assert stored[name]["dagster/input_data_version/never"] == "INITIAL"
            else:
                assert stored[name][f"dagster/input_data_version/{source}"] == stored[source]["dagster/data_version"]
                assert stored[name][f"dagster/input_event_pointer/{source}"] == str(pointers[source])
    # What the step has made is asked for together, but one by one by Dagster itself.
    assert (["a", "b", "c"] in map(sorted, asked)) == ("own" not in request.node.callspec.id)


def test_an_asset_of_a_step_is_listed_when_it_was_chosen(asked: list[list[str]]) -> None:
    seen: list[set[str]] = []

    @dg.multi_asset(specs=[dg.AssetSpec(name, skippable=True) for name in "xyz"], can_subset=True)
    def listed(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
        for key in sorted(context.selected_asset_keys):
            seen.append({one.to_user_string() for one in context.op_execution_context.get_step_execution_context().get_output_asset_keys()})
            yield dg.MaterializeResult(key)

    for chosen in ("xz", "y"):
        assert dg.materialize([listed], selection=[*chosen]).success
    assert seen == [{"x", "z"}, {"x", "z"}, {"y"}]
