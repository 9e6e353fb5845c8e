"""The code location: what is defined, when it runs, and that it does on a home of its own."""
