"""QuickBooks Online as an HTTP API: one view of a business's world, wire-faithful (Accounting API v3, minor version 75)."""
