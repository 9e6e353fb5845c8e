"""What the log follows beside the rails' records: of the control store who may see what, whose connection is whose, how a business
is set and what was decided; of the models who is taken for whom, which records of two rails for one, and where they disagree.

The relations are those of `raw_control`, where nothing is secret, and of marts that the first dbt step builds. How a
difference becomes an event is in `differences`.
"""

from __future__ import annotations

from rowcol_assets.audit.differences import Subject


def _text(column: str) -> str:
    """An instant as text in UTC: a snapshot must not depend on the zone of whoever reads it."""
    return f"strftime(timezone('UTC', {column}), '%Y-%m-%dT%H:%M:%S.%f') as {column}"


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
    ),
    Subject(
        entity="reserves",
        relation="raw_control.reserves",
        record_id="reserve_id",
        columns=("kind", "amount", "active_from", "active_until"),
        reason="'a reserve was set'",
    ),
    Subject(
        entity="grants",
        relation=f"(select business_id, advisor_id, role, {_text('valid_from')}, {_text('valid_to')} from raw_control.grants)",
        record_id="concat_ws('/', advisor_id, role, valid_from)",
        columns=("advisor_id", "role", "valid_from", "valid_to"),
        occurred_at="coalesce(valid_to, valid_from)",
        reason="case when valid_to is null then 'access was granted' else 'access was revoked' end",
    ),
    Subject(
        entity="connections",
        relation=f"(select business_id, rail, connection_id, is_sandbox, is_paused, {_text('removed_at')} from raw_control.connections)",
        record_id="concat_ws('/', rail, connection_id)",
        columns=("rail", "connection_id", "is_sandbox", "is_paused", "removed_at"),
        occurred_at="removed_at",
        client="connection_id",
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
        columns=("kind", "subject", "reason", "decided_at"),
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


# Links only: a party that stands alone is told by its own rail's events, and there are far more of them.
MODELLED = (
    _party_map("vendor"),
    _party_map("customer"),
    # Who confirmed a match is told by the event of the decision.
    Subject(
        entity="matches",
        relation="marts.fct_match",
        record_id="concat_ws('/', match_id, left_rail, left_entity, left_id)",
        columns=(
            "match_id", "pair", "left_rail", "left_entity", "left_id", "right_rail", "right_entity", "right_id",
            "amount", "currency", "rule",
        ),
        where="tier = 'auto'",
        gone_by="model",
        gone_because="no longer matched",
        actor_type="case when rule = 'verdict' then 'advisor' else 'model' end",
        reason="'matched by ' || rule",
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
