"""Policies applied to assets from outside: retries, freshness, pools. Facts only.

A freshness policy is per asset and says that a rail as a whole has stopped; a single business's staleness is data
(`marts/fct_rail_freshness`).
"""

from __future__ import annotations

from datetime import timedelta

import dagster as dg

from ingestion.promise import TIERS, Tier

# For the UI: at most one step of these at a time. What really keeps two writers apart is the writer lock.
WAREHOUSE_POOL = "warehouse"

# A sync retries each call itself; this is for a warehouse that stayed held, or a vendor that was down altogether.
RAW_RETRY = dg.RetryPolicy(max_retries=1, delay=30, jitter=dg.Jitter.PLUS_MINUS)


def freshness_policy(tier: Tier) -> dg.FreshnessPolicy:
    """Warns when a tier's tables were not synced within its fresh bound, fails beyond its aging bound."""
    bounds = TIERS[tier]
    return dg.FreshnessPolicy.time_window(
        fail_window=timedelta(minutes=bounds.aging_minutes), warn_window=timedelta(minutes=bounds.fresh_minutes)
    )
