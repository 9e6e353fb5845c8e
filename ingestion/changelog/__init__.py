"""The raw change log: every version of every record a rail served, once, verbatim and in order.

`schema` names the columns, `spool` keeps what a fetch received, `delta` finds what is new in it, `segments` keeps
that outside the warehouse, `pipeline` loads it through dlt, `recovery` completes what a crash left and makes the
warehouse from segments. How a rail is fetched lives in `ingestion/rails`, who may fetch in `ingestion/control`.
"""
