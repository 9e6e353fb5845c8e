"""What the checks say of a business after its first cycle: its score, and per check what is open. Read from the warehouse.

The same rows stand in every published file (`marts.fct_hygiene_flag`, `marts.fct_hygiene_score`); this is the short table that
`rowcol connect` ends with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

_FLAGS = """
select
    business_id,
    check_id,
    check_name,
    severity,
    count(*) filter (status = 'open') as open_flags,
    coalesce(bool_or(is_blocking) filter (status = 'open'), false) as is_blocking,
    max(runway_impact_days) filter (status = 'open') as largest_impact_days,
    coalesce(bool_or(status = 'error'), false) as is_unknown
from marts.fct_hygiene_flag
where list_contains(?, business_id) and status in ('open', 'error')
group by business_id, check_id, check_name, severity
order by business_id, strpos('CHML', severity), open_flags desc, check_id
"""
_SCORES = "select business_id, hygiene_score, hygiene_grade from marts.fct_hygiene_score where list_contains(?, business_id)"


def baselines(warehouse: duckdb.DuckDBPyConnection, businesses: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Per business: hygiene_score, hygiene_grade, and flags, one per check with something open or that could not run."""
    found: dict[str, dict[str, Any]] = {business: {"hygiene_score": None, "hygiene_grade": None, "flags": []} for business in businesses}
    for business, score, grade in warehouse.execute(_SCORES, [list(businesses)]).fetchall():
        found[business] |= {"hygiene_score": score, "hygiene_grade": grade}
    cursor = warehouse.execute(_FLAGS, [list(businesses)])
    names = [column[0] for column in cursor.description or ()]
    for row in cursor.fetchall():
        flag = dict(zip(names, row, strict=True))
        found[flag.pop("business_id")]["flags"].append(flag)
    return found
