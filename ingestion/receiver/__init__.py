"""The HTTP service that vendors and advisors call: webhooks, sync requests, decisions, live answers.

It stores what comes in and answers; what is asked live it hands to `ingestion.live`, the one way on which a request here
reaches a vendor or, when that fails, the warehouse. What is stored is in `ingestion.control` (inbox, sync_requests,
decisions), what becomes of it in `rowcol_assets`.
"""
