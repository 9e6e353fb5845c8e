"""The HTTP service that vendors and advisors call: webhooks, sync requests, decisions.

It stores what comes in and answers; it calls no rail and never touches the warehouse. What is stored is in
`ingestion.control` (inbox, sync_requests, decisions), what becomes of it in `rowcol_assets`.
"""
