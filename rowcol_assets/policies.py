"""Policies applied to assets from outside: retries, freshness, pools. Facts only; how a step fails is in `assets.failing`.

A freshness policy is per asset and says that a rail as a whole has stopped; a single business's staleness is data
(`marts/fct_rail_freshness`).
"""

from __future__ import annotations

from datetime import timedelta

import dagster as dg

from ingestion.promise import TIERS, Tier

# For the UI: at most one step of these at a time. What really keeps two writers apart is the writer lock.
WAREHOUSE_POOL = "warehouse"

# For a warehouse that another process keeps: each attempt waits for the lock itself (a minute), so few are needed.
BUSY_RETRY = dg.RetryPolicy(max_retries=2, delay=15, jitter=dg.Jitter.PLUS_MINUS)


def freshness_policy(tier: Tier) -> dg.FreshnessPolicy:
    """Warns when a tier's tables were not synced within its fresh bound, fails beyond its aging bound."""
    bounds = TIERS[tier]
    return dg.FreshnessPolicy.time_window(
        fail_window=timedelta(minutes=bounds.aging_minutes), warn_window=timedelta(minutes=bounds.fresh_minutes)
    )
