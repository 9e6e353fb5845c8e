"""dbt's seeds, models and tests as assets and asset checks, in the two steps of a cycle.

dbt runs inside the process (`rowcol_assets.transform`); its events become Dagster's through dagster-dbt's own
translation, so keys, checks and severities are those of the integration. A test that a client's data can trip only
warns; an error is ours, and fails the step.
"""

from collections.abc import Iterator, Mapping, Set
from graphlib import TopologicalSorter
from typing import Any

import dagster as dg
from dagster_dbt import DbtProject, dbt_assets
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

from rowcol_assets.assets.failing import step_of
from rowcol_assets.pictures import Drawn, Relation
from rowcol_assets.policies import BUSY_RETRY, WAREHOUSE_POOL
from rowcol_assets.resources import Platform, RunScope
from rowcol_assets.steps import seen_of, transform
from rowcol_assets.transform import AFTER_SELECTION, PROJECT_DIR, DbtReport, Step
from rowcol_assets.translators import ModelTranslator

PROJECT = DbtProject(project_dir=PROJECT_DIR)

Metadata = dict[str, int | float | dg.MetadataValue[Any]]
DbtEvent = dg.Output | dg.MaterializeResult | dg.AssetCheckResult | dg.AssetObservation | dg.AssetMaterialization | dg.AssetCheckEvaluation


def model_assets(step: Step, manifest: Mapping[str, Any], translator: ModelTranslator) -> dg.AssetsDefinition:
    """The nodes of one dbt step as one multi-asset whose nodes can be built alone. translator: the same for both steps."""
    cut = {"exclude": AFTER_SELECTION} if step == "before" else {"select": AFTER_SELECTION}

    @dbt_assets(
        manifest=manifest,
        name=f"models_{step}",
        project=PROJECT,
        dagster_dbt_translator=translator,
        pool=WAREHOUSE_POOL,
        retry_policy=BUSY_RETRY,
        **cut,
    )
    def models(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform], scope: RunScope) -> Iterator[DbtEvent]:
        events: list[dict[str, Any]] = []
        with step_of(context, platform):
            selection = _selection(context, manifest, translator)
            report = transform(
                platform.settings,
                step,
                platform.variables(context.run.run_id),
                select=selection,
                businesses=scope.businesses,
                on_event=events.append,
            )
            relations = [_relation(event) for event in events]
            relations += [(manifest["nodes"][name]["schema"], manifest["nodes"][name]["alias"]) for name in report.standing]
            metadata = _metadata(*seen_of(platform.settings, relations))
        platform.say(f"dbt {step}: {_sentence(report)}")
        yield from _translated(context, metadata, manifest, translator, events, report.standing)
        if report.broken:
            listed = "; ".join(
                f"{node.unique_id}: {node.message.strip().splitlines()[0] if node.message else node.status}" for node in report.broken[:5]
            )
            raise dg.Failure(f"{len(report.broken)} dbt nodes failed: {listed}", allow_retries=False)

    return models


def _selection(context: dg.AssetExecutionContext, manifest: Mapping[str, Any], translator: ModelTranslator) -> list[str] | None:
    """The names of the nodes asked for, or None when all of the step are."""
    if not context.is_subset:
        return None
    return [
        node["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed", "snapshot") and translator.get_asset_key(node) in context.selected_asset_keys
    ]


def _translated(
    context: dg.AssetExecutionContext,
    metadata: Mapping[Relation, Metadata],
    manifest: Mapping[str, Any],
    translator: ModelTranslator,
    events: list[dict[str, Any]],
    standing: Set[str],
) -> Iterator[DbtEvent]:
    """The nodes in the order of their lineage, as Dagster wants them.

    What stands as it is is there as much as what was built: whatever hangs on it runs, and its asset is as fresh as the run.
    """
    built = {event["data"]["node_info"]["unique_id"]: event for event in events}
    parents = {name: node["depends_on"].get("nodes", ()) for name, node in manifest["nodes"].items()}
    for name in TopologicalSorter(parents).static_order():
        if name in standing:
            node = manifest["nodes"][name]
            own = {"built": False, **metadata.get((node["schema"], node["alias"]), {})}
            yield dg.MaterializeResult(asset_key=translator.get_asset_key(node), metadata=own)
        elif name in built:
            yield from _translated_event(context, metadata, manifest, translator, built[name])


def _translated_event(
    context: dg.AssetExecutionContext,
    metadata: Mapping[Relation, Metadata],
    manifest: Mapping[str, Any],
    translator: ModelTranslator,
    event: dict[str, Any],
) -> Iterator[DbtEvent]:
    own = metadata.get(_relation(event), {})
    message = DbtCoreCliEventMessage(raw_event=event, event_history_metadata={})
    for translated in message.to_default_asset_events(manifest, translator, context, project=PROJECT):
        if isinstance(translated, dg.AssetCheckResult) and not _is_selected(context, translated):
            continue
        if isinstance(translated, dg.Output) and own:
            yield dg.Output(translated.value, translated.output_name, metadata={**translated.metadata, **own})
        else:
            yield translated


def _metadata(counts: Mapping[Relation, int], pictures: Mapping[Relation, Drawn]) -> dict[Relation, Metadata]:
    """Of each table its rows, and of a mart that is drawn the table and the figures, which the UI plots from run to run."""
    found: dict[Relation, Metadata] = {relation: {"dagster/row_count": rows} for relation, rows in counts.items()}
    for relation, picture in pictures.items():
        found.setdefault(relation, {}).update({picture.title: dg.MetadataValue.md(picture.table), **picture.figures})
    return found


def _relation(event: dict[str, Any]) -> Relation:
    relation = event["data"]["node_info"]["node_relation"]
    return relation["schema"], relation["alias"]


def _is_selected(context: dg.AssetExecutionContext, result: dg.AssetCheckResult) -> bool:
    """Whether the run asked for this check; dbt runs the tests of a node that a neighbour's selection left out."""
    if result.asset_key is None or result.check_name is None:
        return False
    return dg.AssetCheckKey(result.asset_key, result.check_name) in context.selected_asset_check_keys


def _sentence(report: DbtReport) -> str:
    built = sum(node.unique_id.startswith(("model.", "seed.", "snapshot.")) for node in report.nodes)
    tests = sum(node.unique_id.startswith("test.") for node in report.nodes)
    warned = sum(node.status == "warn" for node in report.nodes)
    text = f"{built} models and seeds, {tests} tests"
    if report.standing:
        text += f", {len(report.standing)} stand as they are"
    if warned:
        text += f", {warned} warnings"
    return text + (f", {len(report.broken)} failed" if report.broken else "")
