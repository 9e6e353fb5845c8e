"""The global assignment: never a better one, each event once, and a gap that is what giving way would cost."""

from __future__ import annotations

import importlib.util
from itertools import combinations
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rowcol_assets.transform import PROJECT_DIR

Pairs = dict[tuple[int, int], float]


@pytest.fixture(scope="module")
def assigned() -> ModuleType:
    """The dbt model's module, which no package holds; bytecode beside the models would count as a change of them."""
    path = PROJECT_DIR / "models" / "intermediate" / "matching" / "int_match_assigned.py"
    spec = importlib.util.spec_from_file_location("int_match_assigned", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("sys.dont_write_bytecode", True)
        spec.loader.exec_module(module)
    return module


pairs = st.dictionaries(st.tuples(st.integers(0, 3), st.integers(0, 3)), st.integers(0, 9).map(float), max_size=9)


@given(pairs=pairs)
def test_no_other_choice_is_worth_more(assigned: ModuleType, pairs: Pairs) -> None:
    left, right, worth, chosen = _assign(assigned, pairs)
    assert len(set(left[chosen])) == len(set(right[chosen])) == len(chosen)
    assert worth[chosen].sum() == pytest.approx(_most(pairs))


@given(pairs=pairs)
def test_a_gap_is_never_smaller_than_what_giving_way_costs(assigned: ModuleType, pairs: Pairs) -> None:
    """The real cost can be lower still, by a longer exchange than of two pairs; it is never above the gap."""
    left, right, worth, chosen = _assign(assigned, pairs)
    for one, gap in zip(chosen, assigned.gaps(left, right, worth, chosen), strict=True):
        without = {pair: value for pair, value in pairs.items() if pair != (left[one], right[one])}
        if np.isfinite(gap):
            assert gap >= _most(pairs) - _most(without) - 1e-9


def test_two_equal_payments_of_one_day_could_as_well_be_exchanged(assigned: ModuleType) -> None:
    left, right, worth, chosen = _assign(assigned, {(0, 0): 5.0, (0, 1): 5.0, (1, 0): 5.0, (1, 1): 5.0, (2, 2): 4.0, (2, 1): 1.0})
    assert list(assigned.gaps(left, right, worth, chosen)) == [0.0, 0.0, 8.0]


def test_the_second_best_of_one_alone_is_its_runner_up(assigned: ModuleType) -> None:
    left, right, worth, chosen = _assign(assigned, {(0, 0): 5.0, (0, 1): 3.0})
    assert list(assigned.gaps(left, right, worth, chosen)) == [2.0]
    assert len(assigned.assign(np.array([], dtype=int), np.array([], dtype=int), np.array([]))) == 0


def _assign(assigned: ModuleType, pairs: Pairs) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    left, right = (np.array([pair[side] for pair in pairs], dtype=np.int64) for side in (0, 1))
    worth = np.array(list(pairs.values()))
    return left, right, worth, assigned.assign(left, right, worth)


def _most(pairs: Pairs) -> float:
    """What the best choice of pairs is worth, by trying all."""
    return max(
        sum(pairs[pair] for pair in some)
        for count in range(len(pairs) + 1)
        for some in combinations(pairs, count)
        if len({left for left, _ in some}) == len({right for _, right in some}) == count
    )
