"""The `rowcol` command line, one module per command; `main` mounts them.

A command module imports nothing heavy at its top: the shell's patience is half a second, and dagster alone takes four.
"""
