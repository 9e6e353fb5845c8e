"""The control store's schema versions, in order; run by `ingestion.control.database`, never by hand."""
