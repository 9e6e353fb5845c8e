"""One folder per rail: its promise, its client and its dlt source. The list of rails is `ingestion.registry`."""
