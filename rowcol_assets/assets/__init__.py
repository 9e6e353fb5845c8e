"""The assets, in the order of a cycle: rails, control, models (before), quality, models (after), published."""
