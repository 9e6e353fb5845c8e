"""Recorded real companies served instead of generated ones: a folder per company, a JSON-lines file per entity.

Each line goes out byte for byte as it lies in the file. CompanyInfo, Preferences and Terms, which recordings leave out,
are supplied; nothing else is made up, and time moves without changing anything.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from ingestion.errors import UsageError
from ingestion.identifiers import check_business_id
from sandbox.qbo import render_lists
from sandbox.qbo.company import Company
from sandbox.qbo.entities import ENTITIES
from sandbox.qbo.query import parse_instant
from sandbox.qbo.statements import QueryError
from sandbox.qbo.table import id_order
from sandbox.qbo.wire import encode, instant
from sandbox.seeds import stable_seed

# Offsets seen in a recording -> a zone that has them; the recording itself names none.
_ZONES = (
    ({"-07:00", "-08:00"}, "America/Los_Angeles"),
    ({"-06:00", "-07:00"}, "America/Denver"),
    ({"-05:00", "-06:00"}, "America/Chicago"),
    ({"-04:00", "-05:00"}, "America/New_York"),
)
# The terms a new company of the vendor starts with, for references that carry no name.
_STANDARD_TERMS = {"1": "Due on receipt", "2": "Net 15", "3": "Net 30", "4": "Net 60"}


class _Meta(msgspec.Struct):
    LastUpdatedTime: str
    CreateTime: str = ""


class _Record(msgspec.Struct):
    Id: str
    MetaData: _Meta
    Active: bool = True
    SalesTermRef: dict[str, Any] = {}
    TermRef: dict[str, Any] = {}


_DECODER = msgspec.json.Decoder(_Record)


class RecordedCompany(Company):
    """The tables of one folder. newest: the latest LastUpdatedTime in it, epoch seconds."""

    def __init__(self, folder: Path) -> None:
        business_id = check_business_id(folder.name)
        stamps: list[int] = []
        offsets: set[str] = set()
        terms: dict[str, str] = {}
        lines: dict[str, list[tuple[_Record, bytes]]] = {}
        for file in sorted(folder.glob("*.jsonl")):
            if file.stem not in ENTITIES:
                raise UsageError(f"{file} is no entity the sandbox serves; it serves {', '.join(ENTITIES)}")
            lines[file.stem] = _read(file)
            for record, _ in lines[file.stem]:
                stamps.append(_epoch(record.MetaData.LastUpdatedTime))
                offsets.add(record.MetaData.LastUpdatedTime[-6:])
                for reference in (record.SalesTermRef, record.TermRef):
                    if "value" in reference:
                        terms[reference["value"]] = reference.get("name") or terms.get(reference["value"], "")
        if not stamps:
            raise UsageError(f"{folder} holds no recorded entity: one <Entity>.jsonl per entity is expected")
        self.newest = max(stamps)
        self.timezone = next((zone for seen, zone in _ZONES if offsets <= seen), "UTC")
        super().__init__(business_id, str(9_130_000_000_000_000 + stable_seed("recorded", business_id) % 10**12), ZoneInfo(self.timezone))
        self.name = business_id.replace("_", " ").replace("-", " ").title()
        for entity, records in lines.items():
            for record, body in sorted(records, key=lambda pair: id_order(pair[0].Id)):
                self.tables[entity].put(record.Id, _epoch(record.MetaData.LastUpdatedTime), body, record.Active)
        self._supply(min(stamps), terms, lines)

    def _supply(self, oldest: int, terms: dict[str, str], lines: dict[str, Any]) -> None:
        stamp = instant(oldest, self.zone)
        if "CompanyInfo" not in lines:
            info = render_lists.company_info(self.name, "Mountain View", "CA", stamp[:10], stamp)
            self.tables["CompanyInfo"].put("1", oldest, encode(info))
        if "Preferences" not in lines:
            self.tables["Preferences"].put("1", oldest, encode(render_lists.preferences(stamp)))
        if "Term" not in lines:
            for number in sorted(terms, key=id_order):
                name = terms[number] or _STANDARD_TERMS.get(number, f"Term {number}")
                days = re.search(r"\d+", name)
                term = render_lists.term(number, name, int(days.group()) if days else 0, stamp)
                self.tables["Term"].put(number, oldest, encode(term))


def load_recorded(root: Path) -> list[RecordedCompany]:
    """The companies under `root`, by name; UsageError when there is none or one cannot be read."""
    if not root.is_dir():
        raise UsageError(f"{root} is no folder of recorded companies")
    folders = sorted(folder for folder in root.iterdir() if folder.is_dir())
    if not folders:
        raise UsageError(f"{root} has no company folder in it")
    return [RecordedCompany(folder) for folder in folders]


def _read(file: Path) -> list[tuple[_Record, bytes]]:
    found = []
    for number, line in enumerate(file.read_bytes().splitlines(), start=1):
        if not line.strip():
            continue
        try:
            found.append((_DECODER.decode(line), line.strip()))
        except msgspec.DecodeError as error:
            raise UsageError(f"{file} line {number} is no record: {error}") from None
    return found


def _epoch(text: str) -> int:
    try:
        return int(parse_instant(text))
    except QueryError as fault:
        raise UsageError(fault.detail) from None
