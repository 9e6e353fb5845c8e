"""A rail for the test that adds one: things of a vendor who serves them as one list."""
