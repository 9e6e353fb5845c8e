"""What runs in Superset's own environment, and is imported there by bare names from this folder alone.

Superset wants SQLAlchemy 1.4 and the platform 2.0, so nothing here imports the rest of the project, and the rest imports
nothing from here: they meet in one folder, `ROWCOL_HOME/bi`, whose files `rowcol_assets.bi` writes.
"""
