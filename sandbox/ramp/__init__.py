"""Ramp's side of the sandbox: bill payment and cards, as its Developer API serves them."""
