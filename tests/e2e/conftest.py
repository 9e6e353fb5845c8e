"""The shared homes as fixtures."""

from tests.e2e.homes import base, copy, later, later_copy, recorded, troubled, troubled_copy

__all__ = ["base", "copy", "later", "later_copy", "recorded", "troubled", "troubled_copy"]
