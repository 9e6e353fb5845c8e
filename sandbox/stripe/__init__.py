"""Stripe as the sandbox serves it. Imports are absolute, so the vendor's package of that name stays reachable."""
