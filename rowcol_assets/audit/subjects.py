"""What the log follows beside the rails' records: of the control store who may see what, whose connection is whose, how a business
is set and what was decided; of the models who is taken for whom, which records of two rails for one, where they disagree, and how the
bills stand that people entered.

The relations are those of `raw_control`, where nothing is secret, and of marts that the first dbt step builds. How a
difference becomes an event is in `differences`.
"""

from __future__ import annotations

from ingestion.control.entered_bills import USER
from rowcol_assets.audit.act_events import HOME
from rowcol_assets.audit.differences import Subject


def _text(column: str) -> str:
    """An instant as text in UTC: a snapshot must not depend on the zone of whoever reads it."""
    return f"strftime(timezone('UTC', {column}), '%Y-%m-%dT%H:%M:%S.%f') as {column}"


def signing_key(public_key: str, *, by: str | None = None) -> Subject:
    """The key that signs this log's checkpoints: in the chain of the home, as its public half tells it. by: who had it changed."""
    return Subject(
        entity="signing_keys",
        relation=f"(select '{HOME}' as business_id, '{public_key}' as public_key)",
        record_id="'log'",
        columns=("public_key",),
        actor_type="'platform'" if by is None else "'operator'",
        actor_id="null" if by is None else "'" + by.replace("'", "''") + "'",
        client="'log-signing.key'",
        reason="'checkpoints are signed with this key from here on'",
    )


_CHANGED_AT = "timezone('UTC', changed_at)"

CONTROL = (
    Subject(
        entity="businesses",
        relation="raw_control.businesses",
        record_id="business_id",
        columns=(
            "business_name", "firm_id", "timezone", "home_currency", "warning_days", "critical_days", "healthy_days", "min_buffer_days",
            "min_cash_amount", "payroll_amount", "payroll_next_date", "payroll_interval_days", "is_paused",
        ),
        reason="'onboarding or settings of the business'",
        occurred_at=_CHANGED_AT,
        actor_id="changed_by",
        client="changed_from",
    ),
    Subject(
        entity="reserves",
        relation="raw_control.reserves",
        record_id="reserve_id",
        columns=("kind", "amount", "active_from", "active_until"),
        reason="'a reserve was set'",
        occurred_at=_CHANGED_AT,
        actor_id="changed_by",
        client="changed_from",
    ),
    Subject(
        entity="grants",
        relation=f"(select * replace ({_text('valid_from')}, {_text('valid_to')}) from raw_control.grants)",
        record_id="concat_ws('/', advisor_id, role, valid_from)",
        columns=("advisor_id", "role", "valid_from", "valid_to"),
        occurred_at="coalesce(valid_to, valid_from)",
        actor_id="changed_by",
        client="changed_from",
        reason="case when valid_to is null then 'access was granted' else 'access was revoked' end",
    ),
    Subject(
        entity="connections",
        relation=f"(select * replace ({_text('removed_at')}, {_text('secret_changed_at')}) from raw_control.connections)",
        record_id="concat_ws('/', rail, connection_id)",
        columns=("rail", "connection_id", "is_sandbox", "is_paused", "removed_at", "secret_changed_at"),
        occurred_at=f"coalesce({_CHANGED_AT}, removed_at::timestamp)",
        actor_id="changed_by",
        client="changed_from",
        reason="""case
            when removed_at is not null then 'the connection was removed'
            when is_paused then 'the connection was paused'
            else 'the rail was connected, or is asked again'
        end""",
    ),
    Subject(
        entity="decisions",
        relation=f"(select * replace ({_text('decided_at')}) from raw_control.decisions)",
        record_id="decision_id",
        columns=("kind", "subject", "reason", "decided_at", "bulk_id"),
        occurred_at="decided_at",
        actor_type="'advisor'",
        actor_id="advisor_id",
        client="client",
        reason="coalesce(reason, kind)",
    ),
)  # fmt: skip


def _party_map(noun: str) -> Subject:
    """The map of a kind of party. decided_by also says `proof` or `model`; only a verdict is somebody's word."""
    return Subject(
        entity=f"{noun}_map",
        relation=f"marts.{noun}_map",
        record_id=f"concat_ws('/', rail, rail_{noun}_id)",
        columns=(f"{noun}_key", "canonical_name", "linked_rail", f"linked_rail_{noun}_id", "method", "model_version", "decided_by"),
        where="tier = 'auto'",
        gone_by="model",
        gone_because="no longer linked",
        actor_type="case when starts_with(method, 'verdict_') then 'advisor' else 'model' end",
        actor_id="case when starts_with(method, 'verdict_') then decided_by else model_version end",
        reason="'linked by ' || method",
    )


def _side(side: str, source: str) -> str:
    return "concat_ws(':', " + ", ".join(f"({source} ->> '{side}_{part}')" for part in ("rail", "entity", "id")) + ")"


# Of a match that is no more: whose verdict that stands says that its two records, whichever was named first, are not one.
_REJECTED_BY = f"""(
    select arg_max(decisions.advisor_id, decisions.decision_no)
    from staging.stg_control__decisions as decisions
    where
        decisions.business_id = told.business_id
        and decisions.kind = 'reject-match'
        and decisions.is_standing
        and list_sort([{_side("left", "decisions.subject")}, {_side("right", "decisions.subject")}])
            = list_sort([{_side("left", "told.snapshot")}, {_side("right", "told.snapshot")}])
)"""

# Links only: a party that stands alone is told by its own rail's events, and there are far more of them.
MODELLED = (
    _party_map("vendor"),
    _party_map("customer"),
    Subject(
        entity="matches",
        relation="marts.fct_match",
        record_id="concat_ws('/', match_id, left_rail, left_entity, left_id)",
        columns=(
            "match_id", "pair", "left_rail", "left_entity", "left_id", "right_rail", "right_entity", "right_id",
            "amount", "currency", "rule", "decided_by", "decision_id",
        ),
        where="tier = 'auto'",
        occurred_at="decided_at",
        sent_by=_REJECTED_BY,
        gone_by="model",
        gone_because="no longer matched",
        actor_type="case when rule = 'verdict' then 'advisor' else 'model' end",
        actor_id="decided_by",
        reason="'matched by ' || rule",
    ),
    # The decision itself tells who entered what; this is what became of it, in no rail's name.
    Subject(
        entity="bills",
        relation="marts.fct_bills",
        record_id="record_id",
        columns=(
            "vendor_id", "document_number", "txn_date", "due_date", "total_amount", "open_amount", "currency", "status", "entered_by",
            "ledger_bill_id",
        ),
        where=f"rail = '{USER}'",
        occurred_at="case when status = 'deleted' then status_as_of end",
        gone_by="model",
        gone_because="no longer known",
        actor_type="case when status in ('open', 'deleted') then 'advisor' else 'model' end",
        actor_id="case when status = 'open' then entered_by end",
        reason="""case status
            when 'open' then 'entered by a person, and the ledger does not have it'
            when 'replaced' then 'the ledger has it: bill ' || ledger_bill_id
            when 'in_doubt' then 'the ledger may have it: not counted until a person says so'
            else 'undone by a person'
        end""",
    ),
    # Opened, changed and closed are `created`, `updated` and `deleted`, and `restored` when the two disagree again.
    Subject(
        entity="conflicts",
        relation="marts.fct_conflict",
        record_id="conflict_id",
        columns=(
            "pair", "field", "state", "value", "amount", "value_rail", "winner_rail", "winner_entity", "winner_id", "winner_value",
            "winner_amount", "loser_rail", "loser_entity", "loser_id", "loser_value", "loser_amount", "currency", "decided_by",
            "decision_id",
        ),
        occurred_at="decided_at",
        gone_by="model",
        gone_because="the two rails no longer disagree",
        actor_type="case when state = 'decided' then 'advisor' else 'model' end",
        actor_id="decided_by",
        reason="""case state
            when 'decided' then 'settled by a person'
            when 'contested' then winner_rail || ' is stale and ' || loser_rail || ' says something newer'
            else 'the word of ' || winner_rail || ' counts'
        end""",
    ),
)  # fmt: skip
