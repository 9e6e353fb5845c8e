"""The Ramp rail."""
