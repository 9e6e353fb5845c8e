"""The ledger's aged reports as the vendor writes them: one row per party that has something open, a section for a customer with jobs.

Shape: Intuit's report entities APAgingSummary and ARAgingSummary. Amounts are text with two decimals; a party's empty bucket is
an empty text, the grand total's is 0.00. What is open: `sandbox.world.aging`; which requests reach here: `sandbox.qbo.app`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sandbox.qbo.wire import encode, instant
from sandbox.world.aging import Side, open_items
from sandbox.world.model import Party, World

_SIDES: dict[str, Side] = {"AgedPayables": "payable", "AgedReceivables": "receivable"}
_METHODS = ("Report_Date", "Current")
_LARGEST = 999
_NO_PARTY = "Not Specified"
Buckets = list[int]


class ParameterError(Exception):
    """A parameter that the report does not take; the message is for the vendor's fault."""


@dataclass(frozen=True)
class Asked:
    """What a request asks for. days: how long a bucket is; periods: how many follow the one of what is not due."""

    name: str
    on: date
    aged_on: date
    days: int
    periods: int


def is_report(name: str) -> bool:
    """Whether it is a report that the sandbox has."""
    return name in _SIDES


def asked(name: str, parameters: Mapping[str, str], today: date) -> Asked:
    """The request in values; ParameterError says which is none. The vendor's defaults: today, 30 days, four periods."""
    try:
        on = date.fromisoformat(parameters.get("report_date", today.isoformat()))
    except ValueError:
        raise ParameterError("report_date") from None
    method = parameters.get("aging_method", "Report_Date")
    if method not in _METHODS:
        raise ParameterError("aging_method")
    return Asked(
        name, on, today if method == "Current" else on, _count(parameters, "aging_period", 30), _count(parameters, "num_periods", 4)
    )


def aged_report(world: World, wanted: Asked, now: int) -> bytes:
    """The report as it goes out. now: epoch seconds."""
    parties = world.vendors if _SIDES[wanted.name] == "payable" else world.customers
    held = _buckets(world, wanted)
    header = {
        "Time": instant(now, world.zone),
        "ReportName": wanted.name,
        "StartPeriod": wanted.on.isoformat(),
        "EndPeriod": wanted.on.isoformat(),
        "SummarizeColumnsBy": "Total",
        "Currency": "USD",
        "Option": [
            {"Name": "report_date", "Value": wanted.on.isoformat()},
            {"Name": "NoReportData", "Value": "false" if held else "true"},
        ],
    }
    rows = {"Row": _rows(parties, held, wanted)} if held else {}
    return encode({"Header": header, "Columns": {"Column": _columns(wanted)}, "Rows": rows})


def _count(parameters: Mapping[str, str], name: str, usual: int) -> int:
    text = parameters.get(name, str(usual))
    if not text.isdecimal() or not 0 < int(text) <= _LARGEST:
        raise ParameterError(name)
    return int(text)


def _buckets(world: World, wanted: Asked) -> dict[int, Buckets]:
    """Cents per party and bucket: what is not due, each period, and the last without end."""
    held: dict[int, Buckets] = defaultdict(lambda: [0] * (wanted.periods + 1))
    for item in open_items(world, _SIDES[wanted.name], wanted.on):
        late = (wanted.aged_on - item.due).days
        bucket = 0 if late <= 0 else min((late - 1) // wanted.days + 1, wanted.periods)
        held[item.party][bucket] += item.cents
    return held


def _columns(wanted: Asked) -> list[dict[str, str]]:
    spans = [f"{wanted.days * at + 1} - {wanted.days * (at + 1)}" for at in range(wanted.periods - 1)]
    titles = ["Current", *spans, f"{wanted.days * (wanted.periods - 1) + 1} and over", "Total"]
    first = {"ColTitle": "", "ColType": "Vendor" if _SIDES[wanted.name] == "payable" else "Customer"}
    return [first, *({"ColTitle": title, "ColType": "Money"} for title in titles)]


def _rows(parties: Mapping[int, Party], held: Mapping[int, Buckets], wanted: Asked) -> list[dict[str, Any]]:
    nothing = [0] * (wanted.periods + 1)
    jobs: dict[int, list[int]] = defaultdict(list)
    for number in held:
        party = parties.get(number)
        if party is not None and party.parent:
            jobs[party.parent].append(number)
    below = {number for numbers in jobs.values() for number in numbers}
    top = sorted((set(held) | set(jobs)) - below, key=lambda number: _title(parties, number).lower())
    rows = [
        _section(parties, number, held.get(number, nothing), {job: held[job] for job in sorted(jobs[number])})
        if number in jobs
        else {"ColData": _cells(parties, number, held[number])}
        for number in top
    ]
    total = [_figure("TOTAL"), *map(_amount, _with_total(_summed([nothing, *held.values()])))]
    return [*rows, {"Summary": {"ColData": total}, "type": "Section", "group": "GrandTotal"}]


def _section(parties: Mapping[int, Party], number: int, own: Buckets, jobs: Mapping[int, Buckets]) -> dict[str, Any]:
    """A customer with jobs: its own figures in the header, those of both in the summary."""
    whole = _summed([own, *jobs.values()])
    return {
        "Header": {"ColData": _cells(parties, number, own)},
        "Rows": {"Row": [{"ColData": _cells(parties, job, buckets), "type": "Data"} for job, buckets in jobs.items()]},
        "Summary": {"ColData": [_figure(f"Total {_title(parties, number)}"), *map(_amount, _with_total(whole))]},
        "type": "Section",
    }


def _cells(parties: Mapping[int, Party], number: int, buckets: Buckets) -> list[dict[str, str]]:
    name = {"value": _title(parties, number)} | ({"id": str(number)} if number else {})
    return [name, *(_amount(cents) if cents else _figure("") for cents in buckets), _amount(sum(buckets))]


def _title(parties: Mapping[int, Party], number: int) -> str:
    """A party's name; a document can be of nobody, or of somebody who is not in the list (any more)."""
    party = parties.get(number)
    return party.name if party else _NO_PARTY


def _summed(rows: Sequence[Buckets]) -> Buckets:
    return [sum(column) for column in zip(*rows, strict=True)]


def _with_total(buckets: Buckets) -> Buckets:
    return [*buckets, sum(buckets)]


def _amount(cents: int) -> dict[str, str]:
    return _figure(f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}")


def _figure(text: str) -> dict[str, str]:
    return {"value": text}


def today_of(now: int, world: World) -> date:
    """The day it is for the company."""
    return datetime.fromtimestamp(now, world.zone).date()
