"""Weights of a linear score from labelled candidates: logistic regression with a ridge, in plain scipy."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import minimize

# Keeps weights finite where a feature decides every labelled pair; small beside thousands of candidates.
RIDGE = 0.1


def fit(features: np.ndarray[Any, Any], labels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The intercept and a weight per column of `features` (rows: candidates) under which the score is the log-odds of a true label."""
    columns = np.column_stack([np.ones(len(features)), features])
    wanted = labels.astype(float)

    def loss(weights: np.ndarray[Any, Any]) -> tuple[float, np.ndarray[Any, Any]]:
        score = columns @ weights
        held = np.concatenate([[0.0], weights[1:]])
        value = float((np.logaddexp(0, score) - wanted * score).sum() + RIDGE / 2 * (held**2).sum())
        return value, columns.T @ (1 / (1 + np.exp(-score)) - wanted) + RIDGE * held

    return np.asarray(minimize(loss, np.zeros(columns.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 2000}).x)
