"""`rowcol decide`: a person's word on bills, vendors, matches, conflicts and flags, put into the inbox of decisions.

The same inbox takes decisions over HTTP (`ingestion.receiver`). Shapes and rules are in `ingestion.control.decision_subjects`
and `decisions`, what may be named in `rowcol_assets.decidable`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ingestion.errors import RowcolError, UsageError
from rowcol_assets.cli.rail_ids import rail_and_id

if TYPE_CHECKING:
    from ingestion.control import ControlStore
    from ingestion.settings import Settings

# How the subject of each kind is written on the command line.
WRITTEN = {
    "approve": "BILL...",
    "hold": "BILL...",
    "same": "RAIL:ID RAIL:ID",
    "different": "RAIL:ID RAIL:ID",
    "unsure": "RAIL:ID RAIL:ID",
    "confirm-match": "MATCH, or RAIL:ENTITY:ID... RAIL:ENTITY:ID",
    "reject-match": "MATCH, or RAIL:ENTITY:ID... RAIL:ENTITY:ID",
    "correct": "bills|invoices ID FIELD=VALUE...",
    "settle": "CONFLICT RAIL, or CONFLICT value=VALUE",
    "resolve-flag": "FLAG...",
    "enter-bill": "vendor_id=ID|vendor_key=KEY amount=AMOUNT bill_date=DATE due_date=DATE [document_number=NUMBER]",
    "undo": "DECISION..., or BULK",
}
# From where these decisions come, in the log.
CLIENT = "command line"
SHOWN = {"decision_id": "decision", "kind": "kind", "subject": "on", "advisor_id": "by"}


def command(
    kind: Annotated[str, typer.Argument(metavar="KIND", help=f"One of {', '.join(WRITTEN)}.")],
    business: Annotated[str, typer.Argument(metavar="BUSINESS", help="Business id.")],
    subject: Annotated[list[str], typer.Argument(metavar="SUBJECT...", help="What it is about, see the examples.")],
    reason: Annotated[str | None, typer.Option(help="Why, in a sentence; it is kept in the log.")] = None,
    advisor: Annotated[
        str | None, typer.Option("--as", metavar="ADVISOR", help="Who decides; by default the most senior who may act for the business.")
    ] = None,
    customers: Annotated[bool, typer.Option("--customers", help="The two are customers, not vendors.")] = False,
    key: Annotated[str | None, typer.Option(help="The same key again is the same decision, not a second one.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the decisions as JSON.")] = False,
) -> None:
    """Record a decision, or up to 100 at once; it takes effect with the next run, wins over what rules say, and can be undone.

    Examples: `rowcol decide approve acme 145`, `rowcol decide same acme qbo:58 ramp:0b1c --reason "one shop, two names"`,
    `rowcol decide confirm-match acme qbo:bill_payments:31 qbo:bill_payments:32 plaid:transactions:x9` (one debit for both),
    `rowcol decide correct acme bills 145 due_date=2026-12-01`, `rowcol decide settle acme 9c29… ramp`,
    `rowcol decide resolve-flag acme 3c1f… 77d0…`,
    `rowcol decide enter-bill acme vendor_id=58 amount=120.50 bill_date=2026-11-20 due_date=2026-12-20`,
    `rowcol decide undo acme 5f2a…`, within a day for all that were made at once by their bulk's id. `user:` before a bill's id
    names one that was entered, and for `hold` `ramp:0b1c` Ramp's; what is approved is the ledger's.
    """
    from ingestion.control import open_store, product_clock_of
    from ingestion.control.decision_subjects import subject_of
    from ingestion.control.decisions import check_count
    from ingestion.control.verdicts import ENTERED
    from ingestion.identifiers import check_business_id
    from ingestion.settings import load_settings
    from rowcol_assets.cli.output import show_json, show_table
    from rowcol_assets.decidable import Unfit, check_exists, with_facts
    from rowcol_assets.entering import entered_before

    check_business_id(business)
    if kind not in WRITTEN:
        raise UsageError(f"there is no decision {kind!r}; known: {', '.join(WRITTEN)}")
    settings = load_settings()
    with open_store(settings) as store:
        who = _decider(store, business, advisor)
        subjects = [subject_of(kind, one) for one in _subjects(settings, store, kind, business, subject, customers)]
        check_count(len(subjects))
        try:
            entered = entered_before(store, business, who, key) if kind == ENTERED else []
            if entered is not None:
                check_exists(settings, business, kind, subjects, product_clock_of(settings, store)(), entered)
        except Unfit as unfit:
            _keep_refusal(settings, store, kind, business, who, subjects, unfit)
            raise
        if kind == "resolve-flag":
            subjects = with_facts(settings, business, subjects)
        made = _put(settings, store, kind, business, who, subjects, reason, key)
    if as_json:
        show_json(made)
    else:
        on = subject if len(subject) == len(made) else [_told(one["subject"], subject) for one in made]
        rows = [one | {"subject": words} for one, words in zip(made, on, strict=True)]
        bulk = made[0]["bulk_id"]
        undone = f"; within a day all of it is undone by: rowcol decide undo {business} {bulk}" if bulk and kind != "undo" else ""
        show_table(f"decided; it takes effect with the next run{undone}", SHOWN, rows)


def _decider(store: ControlStore, business: str, advisor: str | None) -> str:
    from ingestion.control.decisions import may_act

    if business not in {one.business_id for one in store.businesses()}:
        raise UsageError(f"there is no business {business!r}")
    with store.database.read() as transaction:
        able = may_act(transaction, business)
    if advisor is None and not able:
        raise RowcolError(f"nobody may act for {business}: rowcol grant ADVISOR {business}")
    if advisor is None:
        most_senior = [name for name, role in able if role == able[0][1]]
        if len(most_senior) > 1:
            raise UsageError(f"{' and '.join(most_senior)} may act for {business}: say who decides with --as")
        return most_senior[0]
    if advisor not in {name for name, _ in able}:
        raise RowcolError(f"{advisor} may not act for {business}")
    return advisor


def _subjects(settings: Settings, store: ControlStore, kind: str, business: str, given: list[str], customers: bool) -> list[dict[str, Any]]:
    """What was written, as the subjects of one or more decisions."""
    from ingestion.registry import LEDGER
    from rowcol_assets.decidable import sides_of_match

    match kind, given:
        case (("approve" | "hold"), [*bills]):
            return [dict(zip(("rail", "bill"), rail_and_id(bill, LEDGER), strict=True)) for bill in bills]
        case (("same" | "different" | "unsure"), [left, right]):
            sides = (("left_rail", "left_id"), rail_and_id(left)), (("right_rail", "right_id"), rail_and_id(right))
            named = {name: value for names, values in sides for name, value in zip(names, values, strict=True)}
            return [named | {"party": "customer" if customers else "vendor"}]
        case (("confirm-match" | "reject-match"), [match_id]):
            return sides_of_match(settings, business, match_id)
        case (("confirm-match" | "reject-match"), [*lefts, right]):
            return [_side("left", left) | _side("right", right) for left in lefts]
        case "correct", [entity, record_id, *fields] if fields and all("=" in field for field in fields):
            return [{"entity": entity, "record_id": record_id, "fields": dict(field.split("=", 1) for field in fields)}]
        case "enter-bill", [*fields] if all("=" in field for field in fields):
            return [dict(field.split("=", 1) for field in fields)]
        case "settle", [conflict, chosen]:
            name, equals, value = chosen.partition("=")
            return [{"conflict": conflict, "value": value} if equals and name == "value" else {"conflict": conflict, "rail": chosen}]
        case "resolve-flag", [*flags]:
            return [{"flag_id": flag} for flag in flags]
        case "undo", [*made]:
            from ingestion.control.undoing import is_bulk

            with store.database.read() as transaction:
                return [{"bulk_id" if is_bulk(transaction, business, one) else "decision_id": one} for one in made]
    raise UsageError(f"{kind} is written: rowcol decide {kind} BUSINESS {WRITTEN[kind]}")


def _side(side: str, written: str) -> dict[str, str]:
    rail, rest = rail_and_id(written)
    entity, _, record_id = rest.partition(":")
    return {f"{side}_rail": rail, f"{side}_entity": entity, f"{side}_id": record_id}


def _told(subject: dict[str, Any], written: list[str]) -> str:
    """What one of the decisions is about: of a match its two records, else what was written."""
    if "left_entity" not in subject:
        return " ".join(written)
    return " ".join(":".join(subject[f"{side}_{part}"] for part in ("rail", "entity", "id")) for side in ("left", "right"))


def _put(
    settings: Settings, store: ControlStore, kind: str, business: str, advisor: str, subjects: list[dict[str, Any]], reason: str | None,
    key: str | None,
) -> list[dict[str, Any]]:  # fmt: skip
    """All of them or none."""
    from uuid import uuid4

    from ingestion.control import product_clock_of
    from ingestion.control.decisions import put_decisions

    at = product_clock_of(settings, store)()
    key = key or uuid4().hex
    if kind == "approve":
        from rowcol_assets.approving import approve

        done, subjects = approve(settings, store, business, advisor, subjects, key=key, reason=reason, client=CLIENT)
    else:
        with store.database.write() as transaction:
            done = put_decisions(
                transaction, business_id=business, advisor_id=advisor, idempotency_key=key, kind=kind, subjects=subjects, reason=reason,
                client=CLIENT, at=at,
            )  # fmt: skip
    return [
        {"decision_id": one.decision_id, "is_new": one.is_new, "bulk_id": one.bulk_id, "kind": kind, "subject": subject,
         "advisor_id": advisor, "business_id": business, "reason": reason, "decided_at": at}
        for one, subject in zip(done, subjects, strict=True)
    ]  # fmt: skip


def _keep_refusal(
    settings: Settings, store: ControlStore, kind: str, business: str, advisor: str, subjects: list[dict[str, Any]], unfit: RowcolError
) -> None:
    """What was wanted of something that cannot be decided on is kept for the log, as what the guardrail refuses is."""
    from ingestion.control import product_clock_of
    from ingestion.control.verdicts import note_refusal

    at = product_clock_of(settings, store)()
    with store.database.write() as transaction:
        for subject in subjects:
            told = {"kind": kind, "subject": subject, "said": str(unfit)}
            note_refusal(transaction, business_id=business, advisor_id=advisor, subject=told, client=CLIENT, at=at)
