"""Ramp, the rail that pays bills and cards (Developer API v1)."""
