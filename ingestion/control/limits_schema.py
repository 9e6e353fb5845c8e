"""The table of permits: which calls fill the places of which vendor's limits, in all processes.

Part of the control store's schema (`ingestion.control.schema`), whose metadata it joins. Moments are the machine's, in
microseconds since 1970, because they are added to and compared thousands of times in a sync.
"""

from __future__ import annotations

import sqlalchemy as sa

from ingestion.control.schema import metadata

permits = sa.Table(
    "permits",
    metadata,
    sa.Column("holder", sa.String, primary_key=True),
    sa.Column("call_no", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("bucket", sa.String, primary_key=True),
    sa.Column("span_us", sa.BigInteger, nullable=False),
    sa.Column("taken_at_us", sa.BigInteger, nullable=False),
    sa.Column("frees_at_us", sa.BigInteger, nullable=False),
    sa.Column("is_under_way", sa.Boolean, nullable=False),
    sa.Index("permits_by_bucket", "bucket", "frees_at_us"),
    sa.Index("permits_by_end", "frees_at_us"),
)
