"""Stripe, the collecting rail (API v1, pinned version). Imports are absolute, so the vendor's package of that name stays reachable."""
