"""Fits the weights with which names are compared to labelled pairs, and judges them on entities they were not fitted on.

A logistic model whose weights keep the sign their feature has by its meaning. Labels are in `party_labels`, what is written
where in `fit_parties`, what is printed of it in `parties`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tests.benchmarks import logistic
from tests.benchmarks.measured import Measured
from tests.benchmarks.party_labels import Pair, Question, fold

FOLDS = 5
# The penalty on large weights; 0.3 to 3 differ by less than one link of 200.
PENALTY = {"vendor": 3.0, "organisation": 1.0}
# What speaks against two names being one.
AGAINST = frozenset(
    ("left_over_both", "left_over_one", "left_over_most", "stood_for", "rest_replaced", "other_form", "number_missing", "number_differs",
     "country_missing", "country_differs")
)  # fmt: skip
VETOES = ("number_differs", "country_differs")

Weights = dict[str, float]


def fit(pairs: Sequence[Pair], penalty: float) -> Weights:
    """The weights of the features of `pairs` and the bias, by maximum likelihood with a quadratic penalty."""
    terms = sorted(pairs[0].features)
    seen = np.array([[pair.features[term] for term in terms] for pair in pairs])
    true = np.array([pair.is_match for pair in pairs])
    bounds: list[logistic.Bound] = [(None, 0.0) if term in AGAINST else (0.0, None) for term in terms]
    found = logistic.fit(seen, true, penalty, bounds)
    return dict(zip(["bias", *terms], (round(float(weight), 4) for weight in found), strict=True))


def score(pair: Pair, weights: Mapping[str, float]) -> float:
    """How probable `weights` make it that the pair is one."""
    total = weights["bias"] + sum(weights[term] * value for term, value in pair.features.items())
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


def best_answers(pairs: Sequence[Pair], weights: Mapping[str, float]) -> dict[str, tuple[float, Pair]]:
    """Per question, the likeliest candidate that nothing vetoes."""
    best: dict[str, tuple[float, Pair]] = {}
    for pair in pairs:
        if any(pair.features[veto] for veto in VETOES):
            continue
        chance = score(pair, weights)
        if pair.asked not in best or (chance, pair.candidate) > (best[pair.asked][0], best[pair.asked][1].candidate):
            best[pair.asked] = chance, pair
    return best


def linked(best: Mapping[str, tuple[float, Pair]], least: float, possible: int) -> Measured:
    """What linking every best answer of at least `least` comes to."""
    said = [pair for chance, pair in best.values() if chance >= least]
    return Measured(sum(pair.is_match for pair in said), len(said), possible)


def best_least(chances: Sequence[float], measure: Callable[[float], Measured]) -> float:
    """The bound with the best F1; of equals the highest, and midway to the next answer below it."""
    at = sorted({round(chance, 6) for chance in chances})
    found = max(at, key=lambda least: (measure(least).f1, least))
    below = [chance for chance in at if chance < found]
    return (found + below[-1]) / 2 if below else found


def cross_validated_links(pairs: Sequence[Pair], asked: Sequence[Question], more: Sequence[Pair] = ()) -> Measured:
    """Links of questions by weights and a bound fitted on other entities; `more` pairs are fitted on in every fold."""
    total = Measured(0, 0, 0)
    for number in range(FOLDS):
        mine = [pair for pair in pairs if fold(pair.entity, FOLDS) != number]
        theirs = [pair for pair in pairs if fold(pair.entity, FOLDS) == number]
        weights = fit([*mine, *more], PENALTY["vendor"])
        possible = [sum(bool(one.answers) for one in asked if (fold(one.entity, FOLDS) == number) is held) for held in (False, True)]
        known = best_answers(mine, weights)
        least = best_least([chance for chance, _ in known.values()], lambda bound, k=known, p=possible: linked(k, bound, p[0]))  # type: ignore[misc]
        total += linked(best_answers(theirs, weights), least, possible[1])
    return total


def cross_validated_pairs(pairs: Sequence[Pair], missed: Sequence[tuple[str, bool]]) -> Measured:
    """Pairs called one by weights and a bound fitted on other entities; `missed` ones are never called one."""
    total = Measured(0, 0, sum(is_match for _, is_match in missed))
    for number in range(FOLDS):
        mine = [pair for pair in pairs if fold(pair.entity, FOLDS) != number]
        theirs = [pair for pair in pairs if fold(pair.entity, FOLDS) == number]
        weights = fit(mine, PENALTY["organisation"])
        chances = [score(pair, weights) for pair in mine]
        least = best_least(chances, lambda bound, c=chances, m=mine: called(m, c, bound))  # type: ignore[misc]
        total += called(theirs, [score(pair, weights) for pair in theirs], least)
    return total


def called(pairs: Sequence[Pair], chances: Sequence[float], least: float) -> Measured:
    """What calling every pair of at least `least` one comes to."""
    said = [pair for pair, chance in zip(pairs, chances, strict=True) if chance >= least]
    return Measured(sum(pair.is_match for pair in said), len(said), sum(pair.is_match for pair in pairs))
