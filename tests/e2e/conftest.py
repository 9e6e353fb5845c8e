"""The shared homes as fixtures."""

from tests.e2e.homes import all_rails, all_rails_later, base, copy, later, later_copy, recorded, troubled, troubled_copy

__all__ = ["all_rails", "all_rails_later", "base", "copy", "later", "later_copy", "recorded", "troubled", "troubled_copy"]
