"""The columns of the raw, control and quality tables, as the loader and the control copy write them: what `rawfill` fills."""

from __future__ import annotations

RAW_COLUMNS = """business_id varchar, connection_id varchar, record_id varchar, change_id varchar, version_no bigint,
    source_version varchar, source_updated_at timestamptz, is_deleted boolean, payload varchar, content_hash varchar,
    observed_at timestamptz, delivery varchar, sync_id varchar, _dlt_load_id varchar"""

CHANGED = "changed_by varchar, changed_from varchar, changed_at timestamptz"
CONTROL_TABLES = {
    "businesses": f"""business_id varchar, business_name varchar, firm_id varchar, firm_name varchar, timezone varchar,
        home_currency varchar, warning_days integer, critical_days integer, healthy_days integer, min_buffer_days integer,
        min_cash_amount decimal(18, 2), payroll_amount decimal(18, 2), payroll_next_date date, payroll_interval_days integer,
        is_paused boolean, onboarded_at timestamptz, {CHANGED}, _dlt_load_id varchar""",
    "reserves": f"""business_id varchar, reserve_id varchar, kind varchar, amount decimal(18, 2), active_from date,
        active_until date, {CHANGED}, _dlt_load_id varchar""",
    "grants": f"""business_id varchar, advisor_id varchar, role varchar, valid_from timestamptz, valid_to timestamptz, {CHANGED},
        _dlt_load_id varchar""",
    "connections": f"""business_id varchar, connection_id varchar, rail varchar, state varchar, consecutive_failures bigint,
        last_error_kind varchar, last_error varchar, last_attempt_at timestamptz, last_success_at timestamptz,
        token_expires_at timestamptz, is_sandbox boolean, is_paused boolean, removed_at timestamptz, secret_changed_at timestamptz,
        {CHANGED}, _dlt_load_id varchar""",
    "sync_states": """business_id varchar, connection_id varchar, rail varchar, entity varchar, last_attempt_at timestamptz,
        last_success_at timestamptz, last_full_walk_at timestamptz, source_count bigint, last_outcome varchar,
        consecutive_failures bigint, last_error_kind varchar, last_error varchar, source_read_at timestamptz,
        _dlt_load_id varchar""",
    "sync_outcomes": """outcome_id varchar, business_id varchar, connection_id varchar, rail varchar, sync_id varchar,
        strategy varchar, delivery varchar, status varchar, started_at timestamptz, finished_at timestamptz, rows_new bigint,
        rows_seen bigint, requests bigint, retries bigint, throttled bigint, error_kind varchar, error varchar, calls varchar,
        _dlt_load_id varchar""",
    "quarantined_pages": """quarantine_id varchar, business_id varchar, connection_id varchar, rail varchar, entity varchar,
        sync_id varchar, reason varchar, byte_count bigint, sha256 varchar, path varchar, quarantined_at timestamptz,
        resolved_at timestamptz, _dlt_load_id varchar""",
    "decisions": """decision_no bigint, decision_id varchar, business_id varchar, advisor_id varchar, kind varchar, subject varchar,
        reason varchar, client varchar, decided_at timestamptz, bulk_id varchar, _dlt_load_id varchar""",
    "acts": """act_no bigint, act_id varchar, entity varchar, record_id varchar, action varchar, details varchar, actor_type varchar,
        actor_id varchar, client varchar, reason varchar, acted_at timestamptz, _dlt_load_id varchar""",
    "published_days": """advisor_id varchar, day date, probes bigint, failed_probes bigint, observed_seconds bigint,
        failed_seconds bigint, last_probe_at timestamptz, _dlt_load_id varchar""",
}

# Of the rails beside the ledger; none stamps its versions itself.
RAIL_TABLES = {
    "ramp": (
        "business", "balances", "entities", "bills", "vendors", "vendor_accounts", "transactions", "transfers", "reimbursements",
        "statements",
    ),
    "plaid": ("items", "institutions", "accounts", "balances", "transactions"),
    "stripe": (
        "accounts", "balances", "customers", "invoices", "invoice_lines", "invoice_payments", "charges", "payment_intents", "refunds",
        "disputes", "payouts", "payout_transactions", "balance_transactions", "events",
    ),
}  # fmt: skip

QUALITY_TABLES = {
    "expectation_runs": """run_id varchar, business_id varchar, check_id varchar, status varchar, records_checked bigint,
        records_failed bigint, error varchar, ran_at timestamptz""",
    "expectation_failures": """run_id varchar, business_id varchar, check_id varchar, rail varchar, entity varchar,
        record_id varchar, observed varchar, impact_amount decimal(18, 2), ran_at timestamptz""",
}
