"""A library whose import fails in another way than by being absent."""

raise RuntimeError("not to be imported")
