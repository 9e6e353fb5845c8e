"""The chain of custody of a bill as the transaction log tells it: who entered it while the ledger did not have it, who approved it, how
it was paid, what the bank shows, what is booked.

Read from the sealed files alone. Which records belong together is what the log says of matches, and what a payment in the
ledger says of its bills; what each version says in plain words is read by its rail (`ingestion.custody`). Whether the files
are to be believed is what `verify` says.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from ingestion.answers import MalformedPage
from ingestion.control.entered_bills import USER
from ingestion.control.verdicts import ENTERED
from ingestion.currencies import shown_amount
from ingestion.custody import Word, custody_reader
from ingestion.registry import LEDGER, RAILS
from rowcol_assets.audit.files import event_files

BILL, PAYMENT = "bills", "bill_payments"
_COLUMNS = ("seq", "occurred_at", "observed_at", "actor_type", "actor_id", "rail", "entity", "record_id", "action", "reason", "snapshot")

# A record of a rail: its rail, its raw table, its id.
Record = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the story. at: when it was, or was first seen, UTC; who: an advisor or a rail; record: what says so."""

    at: datetime
    stage: str
    who: str
    what: str
    record: str


def custody_story(folder: Path, business_id: str, entity: str, record_id: str) -> list[Step]:
    """The steps of a bill, or of one payment and the bills it settles, in the order of the log; none for other records."""
    rail, _, name = entity.rpartition("/")
    files = [str(file.path) for file in event_files(folder) if file.is_sealed]
    if name not in (BILL, PAYMENT) or not files:
        return []
    with duckdb.connect() as connection:
        log = _Log(connection, files, business_id)
        matches = log.matches()
        if name == PAYMENT:
            payments = {record_id}
            bills = {
                (LEDGER, BILL, bill) for event in log.of([(LEDGER, PAYMENT, record_id)]) for word in _words(event) for bill in word.bills
            }
        else:
            payments, bills = None, {(one, BILL, record_id) for one in ([rail] if rail else [*RAILS, USER])}
        # From one name to the ledger's, and from there to the others.
        for _ in range(2):
            bills |= _partners(matches, bills, "bill", "entered_bill")
        booked = log.payments_of({bill for _, _, bill in bills}) if payments is None else {(LEDGER, PAYMENT, one) for one in payments}
        debits = _partners(matches, bills | booked, "bank_ledger", "bank_ramp")
        events = [*log.of([*bills, *booked, *debits]), *log.decisions(bills)]
    return _told(sorted(events, key=lambda event: event["seq"]))


class _Log:
    """The sealed files, asked for events of one business."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, files: Sequence[str], business_id: str) -> None:
        self._connection, self._files, self._business_id = connection, list(files), business_id

    def _events(self, where: str, **values: Any) -> list[dict[str, Any]]:
        rows = self._connection.execute(
            f"select {', '.join(_COLUMNS)} from read_parquet($files) where business_id = $business_id and {where} order by seq",
            {"files": self._files, "business_id": self._business_id, **values},
        ).fetchall()
        return [dict(zip(_COLUMNS, row, strict=True)) for row in rows]

    def of(self, records: Sequence[Record]) -> list[dict[str, Any]]:
        """All versions of records."""
        wanted = ["/".join(record) for record in records]
        return self._events("rail is not null and list_contains($wanted, concat_ws('/', rail, entity, record_id))", wanted=wanted)

    def matches(self) -> list[dict[str, Any]]:
        """The matches that stand, as their snapshots."""
        newest = {event["record_id"]: event for event in self._events("rail is null and entity = 'matches'")}
        return [json.loads(event["snapshot"]) for event in newest.values() if event["action"] != "deleted"]

    def decisions(self, bills: Iterable[Record]) -> list[dict[str, Any]]:
        """What people entered, approved, held and corrected of bills by any of their names, what became of it, and what they took back."""
        named = {(rail, bill) for rail, _, bill in bills}
        found: list[dict[str, Any]] = []
        asked: set[str] = set()
        # An entered bill is in home currency, which its own events name.
        currencies = {
            event["record_id"]: json.loads(event["snapshot"]).get("currency")
            for event in self._events("rail is null and entity = $bill", bill=BILL)
        }
        standing: dict[str, tuple[str | None, dict[str, Any]]] = {}
        for event in self._events("rail is null and entity = 'decisions'"):
            told = json.loads(event["snapshot"])
            kind, subject = told["kind"], _object(told["subject"])
            why = f": {event['reason']}" if event["reason"] != kind else ""
            if kind == "undo":
                found += [event | taken for taken in _taken_back(standing, subject, why)]
                continue
            if kind == "admitted" and subject["decision_id"] in asked:
                found.append(event | {"what": f"approved, the guardrail said: {subject['guardrail']}"})
            if (USER, event["record_id"]) in named and kind == ENTERED:
                number = f" number {subject['document_number']}" if "document_number" in subject else ""
                amount = shown_amount(Decimal(subject["amount"]), currencies.get(event["record_id"]))
                what = f"entered{number}: {amount}, dated {subject['bill_date']}, due {subject['due_date']}"
                found.append(event | {"stage": "enter", "what": what})
                standing[event["record_id"]] = told.get("bulk_id"), found[-1]
                continue
            if kind == "refused" and (USER, subject.get("decision_id")) in named:
                found.append(event | {"stage": "enter", "what": f"refused: {subject.get('said')}"})
                continue
            wanted = _object(subject["subject"]) if kind == "refused" else subject
            bill = wanted.get("record_id") if wanted.get("entity") == BILL else wanted.get("bill")
            if (wanted.get("rail"), bill) not in named:
                continue
            if kind == "refused":
                said = subject.get("said") or ", ".join(subject.get("rules", []))
                found.append(event | {"stage": "correct" if "fields" in wanted else "approve", "what": f"refused: {said}"})
            elif kind == "approve" and "guardrail" not in subject:
                asked.add(event["record_id"])
                found.append(event | {"what": f"approval asked for{why}"})
            elif kind in ("approve", "hold"):
                found.append(event | {"what": {"approve": "approved", "hold": "held"}[kind] + why})
            elif kind == "correct":
                fields = ", ".join(f"{name} {value}" for name, value in subject["fields"].items())
                found.append(event | {"stage": "correct", "what": f"corrected to {fields}{why}"})
            if kind != "refused":
                standing[event["record_id"]] = told.get("bulk_id"), found[-1]
        return found

    def payments_of(self, bills: set[str]) -> set[Record]:
        """The ledger's payments any version of which settles one of the bills."""
        quoted = [f'"{bill}"' for bill in bills]
        events = self._events(
            "rail = $ledger and entity = $entity and list_bool_or(list_transform($quoted, lambda bill: contains(snapshot, bill)))",
            ledger=LEDGER,
            entity=PAYMENT,
            quoted=quoted,
        )
        return {(LEDGER, PAYMENT, event["record_id"]) for event in events for word in _words(event) if bills.intersection(word.bills)}


def _taken_back(standing: dict[str, tuple[str | None, dict[str, Any]]], subject: Mapping[str, Any], why: str) -> Iterator[dict[str, Any]]:
    """What an undo ends of the decisions that stand, by their id and bulk; they stand no more."""
    for decision_id, (bulk_id, event) in list(standing.items()):
        if subject.get("decision_id") == decision_id or (bulk_id and subject.get("bulk_id") == bulk_id):
            yield {"stage": event.get("stage", "approve"), "what": f'taken back, "{event["what"]}"{why}'}
            del standing[decision_id]


def _object(told: Any) -> dict[str, Any]:
    """A part of a snapshot that is JSON in itself, or text of it."""
    found: dict[str, Any] = told if isinstance(told, dict) else json.loads(told)
    return found


def _partners(matches: Sequence[dict[str, Any]], records: set[Record], *pairs: str) -> set[Record]:
    """The records on the other side of the matches of `records`."""
    found: set[Record] = set()
    for match in matches:
        if match["pair"] in pairs:
            left, right = ((match[f"{side}_rail"], match[f"{side}_entity"], match[f"{side}_id"]) for side in ("left", "right"))
            found |= {right} if left in records else {left} if right in records else set()
    return found


def _words(event: dict[str, Any]) -> tuple[Word, ...]:
    promise = RAILS.get(event["rail"])
    reader = custody_reader(promise) if promise else None
    try:
        return reader(event["entity"], event["record_id"], event["snapshot"].encode()) if reader else ()
    except MalformedPage:
        return ()


def _told(events: Iterable[dict[str, Any]]) -> list[Step]:
    """What each event adds: a version that says the same as the one before it adds nothing."""
    steps: list[Step] = []
    before: dict[tuple[str, str], str] = {}
    for event in events:
        record = "/".join(filter(None, (event["rail"], event["entity"], event["record_id"])))
        if "what" in event:
            who = event["actor_id"] or event["actor_type"]
            steps.append(Step(event["occurred_at"], event.get("stage", "approve"), who, event["what"], record))
            continue
        # Only a rail that stamps its versions says when one came about; of another it is known when it was first seen.
        at = event["occurred_at"] if RAILS[event["rail"]].versioned else event["observed_at"]
        for word in _words(event):
            says = f"gone: {word.says}" if event["action"] == "deleted" else word.says
            if before.get((record, word.stage)) != says:
                before[record, word.stage] = says
                steps.append(Step(at, word.stage, event["rail"], says, record))
    return steps
