"""The dashboards, in the order they are offered; one module each says what it shows."""

from rowcol_assets.bi.dashboards.cash import CASH
from rowcol_assets.bi.dashboards.clients import CHOICES, RAIL_CHOICES
from rowcol_assets.bi.dashboards.custody import CUSTODY
from rowcol_assets.bi.dashboards.documents import DOCUMENTS
from rowcol_assets.bi.dashboards.hygiene import HYGIENE
from rowcol_assets.bi.dashboards.portfolio import PORTFOLIO
from rowcol_assets.bi.dashboards.trust import TRUST

__all__ = ["CHOICES", "DASHBOARDS", "RAIL_CHOICES"]

DASHBOARDS = (PORTFOLIO, CASH, DOCUMENTS, HYGIENE, CUSTODY, TRUST)
