"""QuickBooks Online's answers as bytes: splits pages into verbatim records and recognises faults. No HTTP, no state.

Records are kept as the text that was served; of each only id, stamp and deletion mark are decoded. Shapes: Intuit's
Accounting API v3 (query, change data capture, batch, reports), faults with capitalised keys and, for 401, lower-case ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from ingestion.answers import MalformedPage, decoded
from ingestion.changelog.schema import content_hash


@dataclass(frozen=True, slots=True)
class Fault:
    """An error the API reports inside a body."""

    code: str
    kind: str
    message: str


class Record(msgspec.Struct, frozen=True, gc=False):
    """One object as served, or the tombstone of one. A struct, since a frozen dataclass takes six times as long to make."""

    record_id: str
    updated_at: datetime
    is_deleted: bool
    payload: bytes
    content_hash: str


class _MetaData(msgspec.Struct, gc=False):
    LastUpdatedTime: datetime


class _Head(msgspec.Struct, gc=False):
    Id: str
    MetaData: _MetaData
    status: str | None = None


# Records by entity, beside what else the vendor says of a page: taken apart with the page, since each pass over one costs as much.
_Response = dict[str, list[msgspec.Raw] | dict[str, msgspec.Raw] | int | float | str | bool | None]


class _QueryPage(msgspec.Struct):
    QueryResponse: _Response | None = None
    time: str | None = None


class _ChangeSet(msgspec.Struct):
    QueryResponse: list[_Response]


class _ChangePage(msgspec.Struct):
    CDCResponse: list[_ChangeSet]
    time: str | None = None


class _BatchItem(msgspec.Struct):
    bId: str
    QueryResponse: _Response | None = None
    Fault: msgspec.Raw = msgspec.Raw(b"null")


class _BatchPage(msgspec.Struct):
    BatchItemResponse: list[_BatchItem]
    time: str | None = None


class _ReportHeader(msgspec.Struct):
    Time: datetime
    ReportName: str
    EndPeriod: date
    Currency: str
    Option: list[dict[str, str]]


class _ReportRows(msgspec.Struct):
    Row: list[msgspec.Raw] = []


class _Report(msgspec.Struct):
    Header: _ReportHeader
    Columns: dict[str, list[msgspec.Raw]]
    Rows: _ReportRows


_query = msgspec.json.Decoder(_QueryPage)
_changes = msgspec.json.Decoder(_ChangePage)
_batch = msgspec.json.Decoder(_BatchPage)
_head = msgspec.json.Decoder(_Head)
_report = msgspec.json.Decoder(_Report)
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


def split_query(body: bytes, vendor_name: str) -> tuple[list[Record], str | None]:
    """The records of a query page and the server's time; an absent entity is an empty page."""
    page = decoded(_query, body)
    if page.QueryResponse is None:
        raise MalformedPage("the answer holds no QueryResponse")
    return _split(page.QueryResponse.get(vendor_name)), page.time


def count_of(body: bytes) -> int:
    """The total of a `select count(*)` answer."""
    page = decoded(_query, body)
    return _count(page.QueryResponse)


def split_changes(body: bytes, vendor_names: frozenset[str]) -> tuple[dict[str, list[Record]], str | None]:
    """The records of a change-data-capture answer by the vendor's entity name, and the server's time."""
    page = decoded(_changes, body)
    found: dict[str, list[Record]] = {}
    for change_set in page.CDCResponse:
        for response in change_set.QueryResponse:
            for name in response.keys() & vendor_names:
                found.setdefault(name, []).extend(_split(response[name]))
    return found, page.time


def batch_counts(body: bytes) -> dict[str, int]:
    """The totals of a batch of counts by item id; items that came back as faults are left out."""
    page = decoded(_batch, body)
    return {item.bId: _count(item.QueryResponse) for item in page.BatchItemResponse if bytes(item.Fault) == b"null"}


def split_batch(body: bytes, vendor_names: Mapping[str, str]) -> tuple[dict[str, list[Record]], str | None]:
    """The records of a batch of query pages by item id, and the server's time; items that came back as faults are left out.

    vendor_names: the entity each item asked for.
    """
    page = decoded(_batch, body)
    answered = [item for item in page.BatchItemResponse if bytes(item.Fault) == b"null" and item.QueryResponse is not None]
    return {item.bId: _split(item.QueryResponse.get(vendor_names[item.bId])) for item in answered}, page.time


def read_object(body: bytes, vendor_name: str) -> Record:
    """The record of a read by id."""
    answer = decoded(_object, body)
    if vendor_name not in answer:
        raise MalformedPage(f"the answer holds no {vendor_name}")
    return _record(answer[vendor_name])


def read_report(body: bytes, name: str) -> Record:
    """A report as one record: the body whole, stamped with the time at which it was made.

    MalformedPage where it is not the report `name`, says neither its day nor its currency, or has no rows without saying that
    there is nothing to report.
    """
    report = decoded(_report, body)
    header = report.Header
    if header.ReportName != name:
        raise MalformedPage("the answer is another report")
    if header.Time.tzinfo is None:
        raise MalformedPage("the report's time has no offset")
    if not report.Rows.Row and {"Name": "NoReportData", "Value": "true"} not in header.Option:
        raise MalformedPage("the report has no rows, and does not say that it holds no data")
    return Record(name, header.Time, False, body, content_hash(body))


def fault_of(body: bytes) -> Fault | None:
    """The fault a body reports, or None. Cheap for a page of records: they never start with a fault."""
    if b'"Fault"' not in body[:200] and b'"fault"' not in body[:200]:
        return None
    try:
        answer = msgspec.json.decode(body)
        fault = answer.get("Fault") or answer.get("fault")
        error = (fault.get("Error") or fault.get("error"))[0]
    except (ValueError, RecursionError, AttributeError, TypeError, IndexError):
        return None
    return Fault(
        code=str(error.get("code", "")).lstrip("0"),
        kind=str(fault.get("type", "")),
        message=str(error.get("Message") or error.get("message") or ""),
    )


def _split(records: object) -> list[Record]:
    if records is None:
        return []
    if not isinstance(records, list):
        raise MalformedPage("an entity's records are no list")
    return [_record(record) for record in records]


def _record(raw: msgspec.Raw) -> Record:
    try:
        head = _head.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        raise MalformedPage(str(error).splitlines()[0][:200]) from None
    if head.MetaData.LastUpdatedTime.tzinfo is None:
        raise MalformedPage("LastUpdatedTime has no offset")
    payload = bytes(raw)
    return Record(head.Id, head.MetaData.LastUpdatedTime, head.status == "Deleted", payload, content_hash(payload))


def _count(response: _Response | None) -> int:
    total = (response or {}).get("totalCount")
    if type(total) is not int:
        raise MalformedPage("the answer holds no totalCount")
    return total
