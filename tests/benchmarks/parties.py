"""The vendor map, measured: against labelled names of others, against sandbox worlds it was not fitted on, and by its cost.

How weights are fitted is in `party_fit`; the labels are found through ROWCOL_REFERENCE_DATA and left out where there are none.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb

from ingestion.settings import load_settings
from ingestion.warehouse import connect
from rowcol_assets.evaluation.parties import MODELS, Name, fill_names
from rowcol_assets.transform import DbtReport, run_step
from tests.benchmarks import party_fit, party_labels
from tests.benchmarks.fit_parties import WORLD_BUSINESSES
from tests.benchmarks.measured import Measured, wilson
from tests.benchmarks.party_labels import Pair
from tests.benchmarks.party_world import FITTED_SEEDS, mapped_world
from tests.benchmarks.results import Result

# Worlds that nothing was fitted on, with enough vendors for two thousand pairs of names.
UNSEEN_SEED, UNSEEN_BUSINESSES = 31, 80
TENANTS, NAMES_PER_TENANT, NEW_SHARE = 100, 400, 0.01
Say = Callable[[str], None]


def measure(folder: Path, say: Say) -> list[Result]:
    """Precision, recall and F1 with Wilson intervals, and seconds of node time."""
    return [*_labelled(say), *_unseen(say), *_cost(folder, say)]


def _labelled(say: Say) -> list[Result]:
    files = [party_labels.labels(name) for name in ("vendor_link_gold.csv", "vendor_master_names.csv", "organisation_pairs.csv")]
    gold, master, organisations = files
    if gold is None or master is None or organisations is None:
        say("no labels: ROWCOL_REFERENCE_DATA names no folder that has them")
        return []
    asked = party_labels.questions(gold)
    world = [pair for seed in FITTED_SEEDS for pair in party_labels.world_pairs(seed, WORLD_BUSINESSES)]
    links = party_fit.cross_validated_links(party_labels.vendor_pairs(asked, master), asked, world)
    say(f"vendor links, cross-validated by entity: {links}")
    compared = party_labels.organisation_pairs(organisations)
    both = party_fit.cross_validated_pairs(
        [pair for pair in compared if isinstance(pair, Pair)], [pair for pair in compared if not isinstance(pair, Pair)]
    )
    say(f"organisation pairs, cross-validated by entity: {both}")
    return [
        Result("vendor links, F1 on entities left out", links.f1, "", ">= .95", links.f1 >= 0.95),
        Result("vendor links, precision on entities left out", links.precision, "", ">= .97", links.precision >= 0.97),
        Result("organisation pairs, F1 on entities left out", both.f1, "", ">= .88", both.f1 >= 0.88),
    ]


def _unseen(say: Say) -> list[Result]:
    """Every pair of parties of one business: of one cluster, and truly one."""
    with mapped_world(UNSEEN_SEED, UNSEEN_BUSINESSES) as database:
        all_pairs, by_name = pairs_of_map(database), pairs_of_map(database, "name")
    low, _ = wilson(by_name.right, by_name.said)
    say(f"pairs of the vendor map, seed {UNSEEN_SEED}: {all_pairs}")
    say(f"of them linked by name alone: {by_name.right} of {by_name.said} right, at least {low:.4f}")
    wrong = 1 - all_pairs.precision
    return [
        Result("vendor map, pairwise F1 on an unseen seed", all_pairs.f1, "", ">= .97", all_pairs.f1 >= 0.97),
        Result("vendor map, wrong automatic links", wrong, "share", "<= .005", wrong <= 0.005),
        Result("automatic links on an unseen seed", all_pairs.said, "pairs", ">= 2,000", all_pairs.said >= 2000),
        Result("of those by names alone, precision", by_name.precision, "", ">= .99", by_name.precision >= 0.99),
    ]


def pairs_of_map(database: duckdb.DuckDBPyConnection, method: str | None = None) -> Measured:
    """Pairs under one key, against the world's truth; method: only those where one side is held by it."""
    held = f"and '{method}' in (mine.method, theirs.method)" if method else ""
    row = database.execute(
        f"""with known as (
            select truth.*, parties.party_key, parties.method
            from truth
            inner join intermediate.int_party_map as parties using (business_id, rail, party_id)
            where parties.party_kind = 'vendor'
        )
        select
            count(*) filter (mine.party_key = theirs.party_key and mine.world_id = theirs.world_id {held}),
            count(*) filter (mine.party_key = theirs.party_key {held}),
            count(*) filter (mine.world_id = theirs.world_id)
        from known as mine
        inner join known as theirs
            on mine.business_id = theirs.business_id and (mine.rail, mine.party_id) < (theirs.rail, theirs.party_id)"""
    ).fetchone()
    return Measured(*(row or (0, 0, 0)))


def _cost(folder: Path, say: Say) -> list[Result]:
    """Node time for many tenants' names from nothing, and again when some are new."""
    settings, path = load_settings(), folder / "names.duckdb"
    names = _many_names()
    seconds = []
    for given in (names, names, _with_new(names)):
        database = connect(path, settings)
        try:
            fill_names(database, given, "vendor", "")
        finally:
            database.close()
        report = run_step(settings, "before", warehouse_path=path, variables={}, select=MODELS)
        assert not report.broken, report.broken[0].message
        seconds.append(_node_seconds(report))
        say(f"{len(given):,} names of {TENANTS} businesses: {seconds[-1]:.2f} s of node time")
    return [
        Result(f"{len(names):,} vendor names from nothing", seconds[0], "s", "< 15", seconds[0] < 15),
        Result(f"the same with {NEW_SHARE:.0%} new", seconds[2], "s", "< 2", seconds[2] < 2),
    ]


def _node_seconds(report: DbtReport) -> float:
    return sum(node.seconds for node in report.nodes)


def _many_names() -> list[Name]:
    dice = random.Random(17)
    words = _WORDS
    return [
        Name(
            f"b{tenant:03d}",
            ("qbo", "ramp")[number % 2],
            number,
            f"{dice.choice(words['first'])} {dice.choice(words['second'])} {dice.choice(words['third'])}{dice.choice(words['form'])}",
        )
        for tenant in range(TENANTS)
        for number in range(NAMES_PER_TENANT)
    ]


def _with_new(names: list[Name]) -> list[Name]:
    every = round(1 / NEW_SHARE)
    return [
        Name(one.group, one.side, one.number, f"{one.text} Northwind") if place % every == 0 else one for place, one in enumerate(names)
    ]


_WORDS: Mapping[str, tuple[str, ...]] = {
    "first": (
        "Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Ginkgo", "Hazel", "Ivy", "Juniper", "Kestrel", "Larch", "Maple", "Norfield",
        "Oak", "Pine", "Quince", "Rowan", "Spruce", "Tamarack", "Umber", "Verbena", "Willow", "Yarrow", "Zinnia", "Harbor", "Meridian",
        "Halloran", "Fillmore", "Lindell", "Driftwood", "Greenline", "Tidewater", "Brightside", "Parcelway", "Nimbus",
    ),
    "second": (
        "Creek", "Ridge", "Valley", "Point", "Bay", "Harbor", "Stone", "Field", "Grove", "Mill", "Forge", "Bridge", "Summit", "Canyon",
        "Prairie", "Lake", "River", "Hill", "Gate", "Cross",
    ),
    "third": (
        "Supply", "Services", "Equipment", "Logistics", "Trading", "Consulting", "Properties", "Insurance", "Telecom", "Software",
        "Electric", "Partners", "Foods", "Media", "Plumbing", "Roofing", "Landscaping", "Printing", "Security", "Catering",
    ),
    "form": ("", "", " LLC", ", Inc.", " Co.", " Corp."),
}  # fmt: skip
