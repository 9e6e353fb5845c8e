"""Weights of a linear score from labelled pairs: logistic regression with a quadratic penalty, in plain scipy.

Which pairs, and what their weights are written into, is in `fit_parties` and `fit_payments`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.optimize import minimize

Bound = tuple[float | None, float | None]


def fit(
    features: np.ndarray[Any, Any], labels: np.ndarray[Any, Any], penalty: float, bounds: Sequence[Bound] | None = None
) -> np.ndarray[Any, Any]:
    """The intercept and a weight per column of `features` (rows: pairs), under which the score is the log-odds of a true label.

    penalty: on the squares of the weights, which keeps them finite where a feature decides every labelled pair. bounds: of each
    weight, where its sign is known.
    """
    columns = np.column_stack([np.ones(len(features)), features])
    wanted = labels.astype(float)

    def loss(weights: np.ndarray[Any, Any]) -> tuple[float, np.ndarray[Any, Any]]:
        score = columns @ weights
        held = np.concatenate([[0.0], weights[1:]])
        value = float((np.logaddexp(0, score) - wanted * score).sum() + penalty / 2 * (held**2).sum())
        return value, columns.T @ (1 / (1 + np.exp(-np.clip(score, -500, 500))) - wanted) + penalty * held

    limits = None if bounds is None else [(None, None), *bounds]
    found = minimize(loss, np.zeros(columns.shape[1]), jac=True, method="L-BFGS-B", bounds=limits, options={"maxiter": 5000})
    return np.asarray(found.x)
