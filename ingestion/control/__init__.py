"""The control store: tenants, access, connections with their secrets, leases, and what every sync came to.

Names used from outside are here; each part's module says what it holds. The client's data is not here but in the raw
change log.
"""

from ingestion.control.facts import Business, Connection, Credentials, QuarantinedPage, TokenState
from ingestion.control.leases import LeaseSet
from ingestion.control.outcomes import EntityOutcome, SyncOutcome
from ingestion.control.store import ControlStore, open_store, product_clock_of

__all__ = [
    "Business",
    "Connection",
    "ControlStore",
    "Credentials",
    "EntityOutcome",
    "LeaseSet",
    "QuarantinedPage",
    "SyncOutcome",
    "TokenState",
    "open_store",
    "product_clock_of",
]
