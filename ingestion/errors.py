"""Errors a person is meant to read, each with the exit code a command ends with.

A message is one sentence without secrets, paths of the interpreter or traceback. Failures of one business inside a
sync are not errors but outcomes; they live in `ingestion.control.outcomes`.
"""

from __future__ import annotations


class RowcolError(Exception):
    """Something failed and the message says what (exit code 1)."""

    exit_code = 1


class UsageError(RowcolError):
    """The caller asked for something that cannot be meant (exit code 2)."""

    exit_code = 2


class WarehouseBusy(RowcolError):
    """Another process holds the warehouse (exit code 3)."""

    exit_code = 3
