"""Runs in an environment of its own that has statsforecast: daily series on standard input, forecasts on standard output.

Input: [[values of a series up to an origin], …]; output, in that order: {model: [[lower, middle, upper] at 7, 14 and 30 days]}, where
lower and upper enclose 80 %. statsforecast wants an older pandas than the project has, hence the environment; `forecast` starts it.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
from statsforecast.models import AutoETS, SeasonalNaive  # type: ignore[import-not-found]

HORIZONS = (7, 14, 30)
WEEK = 7


def forecasts(values: list[float]) -> dict[str, list[list[float]]]:
    """What each model says of one series."""
    told: dict[str, list[list[float]]] = {}
    for name, model in (("AutoETS", AutoETS(season_length=WEEK)), ("seasonal naive", SeasonalNaive(season_length=WEEK))):
        said: dict[str, Any] = model.forecast(np.array(values), max(HORIZONS), level=[80])
        told[name] = [[float(said[column][horizon - 1]) for column in ("lo-80", "mean", "hi-80")] for horizon in HORIZONS]
    return told


if __name__ == "__main__":
    json.dump([forecasts(values) for values in json.load(sys.stdin)], sys.stdout)
