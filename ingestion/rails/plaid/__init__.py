"""The Plaid rail."""
