"""`python -m rowcol_assets.cli` is the `rowcol` command, for starting it with this very interpreter."""

from rowcol_assets.cli.main import main

main()
