"""QuickBooks Online, the ledger rail (Accounting API v3, minor version 75)."""
