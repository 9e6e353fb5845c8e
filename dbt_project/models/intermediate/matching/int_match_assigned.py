"""The global assignment: of all candidate pairs those that together score best, each event once, per pair and business.

Holds no rule of what matches: candidates, features and scores are `int_match_candidates.sql`, what is made of the result is
`int_matches.sql`. An optimum over all pairs cannot be said in SQL; this is the project's one Python model.
"""

import numpy as np
import pyarrow as pa


def model(dbt, session):
    """One row per chosen pair: its score, and how much less the best other choice would be worth (`score_gap`, NULL: no other)."""
    dbt.config(materialized="table")
    candidates = dbt.ref("int_match_candidates").query(
        "candidates",
        """select pair, business_id, left_event, right_event, score, least_gap, score - least_score as worth,
            hash(pair, business_id, left_event) as left_key, hash(pair, business_id, right_event) as right_key
        from candidates where score >= least_score
        order by all""",
    )
    found = candidates.to_arrow_table()
    left = np.unique(found["left_key"].to_numpy(), return_inverse=True)[1]
    right = np.unique(found["right_key"].to_numpy(), return_inverse=True)[1]
    worth = found["worth"].to_numpy()
    chosen = assign(left, right, worth)
    gap = gaps(left, right, worth, chosen)
    answer = found.select(["pair", "business_id", "left_event", "right_event", "score"]).take(chosen)
    answer = answer.append_column("score_gap", pa.array(gap, pa.float64(), mask=np.isinf(gap)))
    return answer.append_column("is_ambiguous", pa.array(gap < found["least_gap"].to_numpy()[chosen]))


def assign(left, right, worth):
    """Indices of the pairs whose `worth` adds up to most if no `left` and no `right` is taken twice; worth >= 0, ids from 0."""
    if not len(left):
        return np.empty(0, dtype=np.int64)
    alone = (np.bincount(left)[left] == 1) & (np.bincount(right)[right] == 1)
    return np.sort(np.concatenate([np.flatnonzero(alone), *_contested(left, right, worth, np.flatnonzero(~alone))]))


def _contested(left, right, worth, edges):
    """The chosen indices of each group of pairs that hang together."""
    if not len(edges):
        return
    from scipy.optimize import linear_sum_assignment
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    lefts, rights = left.max() + 1, right.max() + 1
    graph = coo_array((np.ones(len(edges)), (left[edges], right[edges] + lefts)), shape=(lefts + rights,) * 2)
    group = connected_components(graph, directed=False)[1][left[edges]]
    order = np.argsort(group, kind="stable")
    for part in np.split(edges[order], np.flatnonzero(np.diff(group[order])) + 1):
        rows, columns = np.unique(left[part], return_inverse=True)[1], np.unique(right[part], return_inverse=True)[1]
        places = np.full((rows.max() + 1, columns.max() + 1), -1)
        places[rows, columns] = part
        values = np.where(places >= 0, worth[places] + 1e-9, 0.0)
        chosen = places[linear_sum_assignment(values, maximize=True)]
        yield chosen[chosen >= 0]


def gaps(left, right, worth, chosen):
    """How much less all would be worth if a chosen pair gave way to the best other one of either side; infinite where there is none.

    The other pair may free up to two events, which then take each other if they can: so two equal payments on one day, which
    could as well be exchanged, have a gap of 0.
    """
    mate_of_left, mate_of_right = np.full(left.max(initial=-1) + 1, -1), np.full(right.max(initial=-1) + 1, -1)
    mate_of_left[left[chosen]], mate_of_right[right[chosen]] = chosen, chosen
    others = np.setdiff1d(np.arange(len(left)), chosen)
    freed_right, freed_left = mate_of_left[left[others]], mate_of_right[right[others]]
    lost = np.where(freed_right >= 0, worth[freed_right], 0) + np.where(freed_left >= 0, worth[freed_left], 0)
    # The pair of the two that were freed, found by its key among all.
    width = right.max(initial=-1) + 1
    keys = left.astype(np.int64) * width + right
    order = np.argsort(keys)
    wanted = left[freed_left].astype(np.int64) * width + right[freed_right]
    place = np.minimum(np.searchsorted(keys, wanted, sorter=order), len(keys) - 1) if len(keys) else wanted
    again = order[place]
    is_there = (freed_right >= 0) & (freed_left >= 0) & (keys[again] == wanted)
    slack = np.maximum(lost - worth[others] - np.where(is_there, worth[again], 0), 0)
    best = np.full(len(left), np.inf)
    for freed in (freed_right, freed_left):
        np.minimum.at(best, freed[freed >= 0], slack[freed >= 0])
    return best[chosen]
