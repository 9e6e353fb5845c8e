"""Plaid as the sandbox serves it: the banks' own view of each business's money."""
