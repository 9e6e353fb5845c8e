"""What the QuickBooks Online rail promises per entity: the facts, no HTTP.

Source: Intuit's Accounting API v3 entity reference. Tiers follow domain.md's freshness table.
"""

from __future__ import annotations

from ingestion.promise import ConsentForm, CredentialForm, EntityPromise, Limit, LivePromise, QuietCalls, RailPromise

# Answers of the report service: made when asked for, neither listed nor in the change feed nor counted.
REPORTS = frozenset({"aged_payables", "aged_receivables"})

QBO = RailPromise(
    name="qbo",
    title="QuickBooks Online",
    domain="ledger",
    feed="query walk, then one change-data-capture call per company and cycle; once a day the two aged reports",
    fetch="ingestion.rails.qbo.fetch:fetch",
    reread="ingestion.rails.qbo.kept:reread",
    identify="ingestion.rails.qbo.identity:identify",
    versioned=True,
    webhook_setup="entered once for the app in Intuit's developer pages, under Webhooks",
    # Intuit App Partner Program, Builder tier: metered "CorePlus" calls in a calendar month.
    monthly_calls=500_000,
    # The change feed; once a day the counts, in one batch, and two reports.
    quiet_calls=QuietCalls(per_cycle=1, per_day=3),
    # Intuit, limits and throttles: per company and app.
    limits=(Limit("realm", 500, 60), Limit("realm", 10, 1), Limit("realm", 40, 60, endpoint="/batch"), Limit("realm", 10, 0)),
    credentials=CredentialForm(
        required=("client_id", "client_secret", "realm_id", "refresh_token"),
        optional=("webhook_verifier",),
        connection_field="realm_id",
        refresh_field="refresh_token",
        base_url="https://quickbooks.api.intuit.com",
        auth_url="https://oauth.platform.intuit.com",
        test_urls=("https://sandbox-quickbooks.api.intuit.com",),
    ),
    consent=ConsentForm(
        steps="ingestion.rails.qbo.consent",
        required=("client_id", "client_secret"),
        optional=("webhook_verifier",),
        url="https://developer.intuit.com",
    ),
    entities=(
        EntityPromise(
            "company_info",
            "CompanyInfo",
            "standard",
            "The company itself: legal name, country, fiscal year.",
            pattern="hybrid",
            is_single=True,
        ),
        EntityPromise("preferences", "Preferences", "standard", "Company preferences; home currency is here.", is_single=True),
        EntityPromise(
            "accounts", "Account", "critical", "Chart of accounts with book balances.", pattern="hybrid", ttl_seconds=300, has_inactive=True
        ),
        EntityPromise("vendors", "Vendor", "standard", "Whom the company pays: terms, 1099 and tax-id status.", has_inactive=True),
        EntityPromise("customers", "Customer", "standard", "Who pays the company: terms and open balance.", has_inactive=True),
        EntityPromise("items", "Item", "standard", "Products and services on invoices and bills.", has_inactive=True),
        EntityPromise("terms", "Term", "standard", "Payment terms named by bills, invoices and vendors.", has_inactive=True),
        EntityPromise("bills", "Bill", "critical", "What the company owes, with open balance.", pattern="hybrid", ttl_seconds=300),
        EntityPromise("bill_payments", "BillPayment", "critical", "Payments applied to bills, by cheque or card."),
        EntityPromise("vendor_credits", "VendorCredit", "critical", "Credits that vendors owe the company."),
        EntityPromise("purchases", "Purchase", "critical", "Cash, cheque and card expenses."),
        EntityPromise("invoices", "Invoice", "critical", "What the company is owed, with open balance.", pattern="hybrid", ttl_seconds=300),
        EntityPromise("payments", "Payment", "critical", "Money received from customers, applied or not."),
        EntityPromise("credit_memos", "CreditMemo", "critical", "Credits the company owes its customers."),
        EntityPromise("sales_receipts", "SalesReceipt", "critical", "Sales paid on the spot."),
        EntityPromise("refund_receipts", "RefundReceipt", "critical", "Money given back to customers."),
        EntityPromise("deposits", "Deposit", "critical", "Money put into a bank account."),
        EntityPromise("transfers", "Transfer", "critical", "Money moved between the company's own accounts."),
        EntityPromise("journal_entries", "JournalEntry", "critical", "Manual postings."),
        EntityPromise(
            "aged_payables",
            "AgedPayables",
            "historical",
            "The ledger's own report of what is open per vendor, by age.",
            key=("Header.ReportName",),
            is_single=True,
        ),
        EntityPromise(
            "aged_receivables",
            "AgedReceivables",
            "historical",
            "The ledger's own report of what is open per customer, by age.",
            key=("Header.ReportName",),
            is_single=True,
        ),
    ),
    answers="ingestion.rails.qbo.live:ANSWERS",
    custody="ingestion.rails.qbo.custody:words",
    live=(
        LivePromise("balances", "query of the bank accounts", ("accounts",), precedence=2, stands_for="cash"),
        LivePromise("connection", "query of CompanyInfo", ("company_info",)),
        LivePromise("permissions", "query of CompanyInfo", ("company_info",)),
        LivePromise("bill", "read of a Bill by id", ("bills",), precedence=2),
        LivePromise("invoice", "read of an Invoice by id", ("invoices",), precedence=2),
    ),
)
