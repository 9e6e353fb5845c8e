"""Tests of the hygiene checks: catalogue, suites, adapter, frames and flags."""
