"""The colour of each state that charts are stacked by, by its words: green is as it should be, red is not, grey says nothing.

The words stand beside the colours everywhere; what the states are called is in `words`.
"""

from __future__ import annotations

from rowcol_assets.bi.words import AGING, FRESH, NEVER, PAUSED, STALE

GREEN, TEAL, AMBER, RED, DARK, GREY = "#2e7d32", "#00838f", "#f9a825", "#c62828", "#6a1b1a", "#9e9e9e"

COLOURS = {
    FRESH: GREEN,
    AGING: AMBER,
    STALE: RED,
    NEVER: DARK,
    PAUSED: GREY,
    "excellent": TEAL,
    "healthy": GREEN,
    "warning": AMBER,
    "critical": RED,
    "unknown": GREY,
}
