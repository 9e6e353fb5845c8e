"""The product's own matching over files of anybody's, so that it can be measured. The commands are in `rowcol_assets.cli.evaluate`."""
