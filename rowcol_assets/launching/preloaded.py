"""Imports the libraries by being imported: the fork server of the standard library takes names of modules and no calls."""

from rowcol_assets.launching.libraries import load

load()
