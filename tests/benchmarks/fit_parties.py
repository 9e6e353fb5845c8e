"""`python -m tests.benchmarks.fit_parties`: fits the model that compares names and writes it into the project's seeds.

Fitted on labelled names that lie outside the project (ROWCOL_REFERENCE_DATA) and on sandbox worlds of the seeds in
`party_world`. Prints what the same procedure comes to on entities left out. The words' weights come first, since features
rest on them; run it again after a change of either.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
import sys
from collections import Counter
from pathlib import Path

from ingestion.errors import RowcolError
from ingestion.files import write_atomic
from ingestion.settings import load_settings
from rowcol_assets.evaluation.parties import Name, compared_names
from rowcol_assets.evaluation.vendors import read_names
from rowcol_assets.transform import PROJECT_DIR
from tests.benchmarks import party_fit, party_labels
from tests.benchmarks.party_fit import Weights
from tests.benchmarks.party_labels import Pair
from tests.benchmarks.party_world import FITTED_SEEDS

SEEDS = PROJECT_DIR / "seeds"
WORLD_BUSINESSES = 20
# A word of five names in 16,545 is as telling as one of a single name.
RARE = 5
# A word that people abbreviate is a common one, whatever the list says.
COMMON = 0.65
# Two candidates closer than this are a tie; at the top of the scale that is most of what names alone can tell.
GAP = 0.1
# No pair is linked by itself that is not more probable than not; of those that are, 99 in 100 must be right.
LEAST_AUTO, AUTO_PRECISION = 0.5, 0.99


def main() -> int:
    """Returns 0 when the seeds are written, 1 when there are no labels."""
    files = [party_labels.labels(name) for name in ("vendor_link_gold.csv", "vendor_master_names.csv", "organisation_pairs.csv")]
    gold, master, organisations = files
    if gold is None or master is None or organisations is None:
        sys.stderr.write("there are no labels: ROWCOL_REFERENCE_DATA names no folder that has them\n")
        return 1
    _write(SEEDS / "party_token_weights.csv", [("token", "weight"), *_token_weights(master)])
    asked = party_labels.questions(gold)
    pairs = party_labels.vendor_pairs(asked, master)
    world = [pair for seed in FITTED_SEEDS for pair in party_labels.world_pairs(seed, WORLD_BUSINESSES)]
    compared = party_labels.organisation_pairs(organisations)
    both = [pair for pair in compared if isinstance(pair, Pair)]
    missed = [pair for pair in compared if not isinstance(pair, Pair)]
    _say(f"vendor links, {party_fit.FOLDS} folds by entity: {party_fit.cross_validated_links(pairs, asked, world)}")
    _say(f"organisation pairs, {party_fit.FOLDS} folds by entity: {party_fit.cross_validated_pairs(both, missed)}")
    vendor = party_fit.fit([*pairs, *world], party_fit.PENALTY["vendor"])
    best = party_fit.best_answers(pairs, vendor)
    possible = sum(bool(one.answers) for one in asked)
    suggest = party_fit.best_least([chance for chance, _ in best.values()], lambda least: party_fit.linked(best, least, possible))
    auto = _auto([*best.values(), *((party_fit.score(pair, vendor), pair) for pair in world)])
    organisation = party_fit.fit(both, party_fit.PENALTY["organisation"])
    chances = [party_fit.score(pair, organisation) for pair in both]
    is_one = party_fit.best_least(chances, lambda least: party_fit.called(both, chances, least))
    models = {
        "vendor": {**vendor, "auto": auto, "suggest": suggest},
        "customer": {**vendor, "auto": auto, "suggest": suggest},
        "organisation": {**organisation, "auto": max(is_one, LEAST_AUTO), "suggest": is_one},
    }
    _write(SEEDS / "party_model.csv", [("party_kind", "term", "weight", "model_version"), *_model_rows(models)])
    _say(f"written: suggestions from {suggest:.4f}, links from {auto:.4f}")
    return 0


def _auto(answers: list[tuple[float, Pair]]) -> float:
    """The lowest bound from which on the answers are right often enough."""
    right, bound = 0, 1.0
    for said, (chance, pair) in enumerate(sorted(answers, key=lambda one: (-one[0], one[1].is_match)), start=1):
        right += pair.is_match
        if chance < LEAST_AUTO:
            break
        if right / said >= AUTO_PRECISION:
            bound = chance
    return round(max(bound - 0.005, LEAST_AUTO), 4)


def _token_weights(master: Path) -> list[tuple[str, float]]:
    """How much sharing each common word tells: the logarithm of its rarity among the names of a master list."""
    known = read_names(master, "master_name")
    counted: Counter[str] = Counter()
    with compared_names(load_settings(), [Name("labels", "master", number, text) for number, text in enumerate(known)]) as database:
        rows = database.execute(
            "select party_id, list_distinct(list_transform(terms, lambda one: one.token)) from intermediate.int_party_terms"
        )
        for _, tokens in rows.fetchall():
            counted.update(tokens or ())
        abbreviated = [
            means for (means,) in database.execute("select distinct means from seeds.party_words where kind = 'short'").fetchall()
        ]
    rarest = math.log(len(known) / RARE)
    weights = {token: max(0.05, math.log(len(known) / count) / rarest) for token, count in counted.items() if count > RARE}
    for token in abbreviated:
        weights[token] = min(weights.get(token, 1.0), COMMON)
    return [(token, round(weight, 3)) for token, weight in sorted(weights.items())]


def _model_rows(models: dict[str, Weights]) -> list[tuple[str, str, float, str]]:
    rows = [
        (kind, term, round(weight, 4))
        for kind, weights in models.items()
        for term, weight in {**weights, "gap": GAP, "kept": round(weights["suggest"] / 2, 4)}.items()
    ]
    words = b"".join((SEEDS / f"{name}.csv").read_bytes() for name in ("party_words", "party_token_weights"))
    version = hashlib.sha256(words + repr(rows).encode()).hexdigest()[:12]
    return [(*row, version) for row in rows]


def _write(path: Path, rows: list[tuple[object, ...]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_atomic(path, text.getvalue().encode())


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RowcolError as error:
        sys.exit(f"fit_parties: {error}")
