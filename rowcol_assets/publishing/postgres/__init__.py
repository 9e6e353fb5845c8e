"""The published files as one PostgreSQL database, for tools that read a server: a table per mart, each advisor's rows only.

`target` is the database's address and how its errors are said, `source` what is copied, `copy` the transaction that does it.
"""
