"""One module per schema version. A published one is never edited: the next change is a new module."""
