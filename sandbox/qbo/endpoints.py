"""What the ledger's endpoints answer for one company: query, read, batch, change feed, reports.

Routing and admission: `sandbox.qbo.app`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from starlette.responses import Response

from sandbox.hub import Hub
from sandbox.qbo import query
from sandbox.qbo.company import Company, GeneratedCompany
from sandbox.qbo.entities import entity_named
from sandbox.qbo.render_documents import RENDERERS
from sandbox.qbo.replies import fault, fault_reply, json_reply
from sandbox.qbo.reports import ParameterError, aged_report, asked, is_report, today_of
from sandbox.qbo.serving import Serving, drifted
from sandbox.qbo.statements import QueryError, Statement, parse
from sandbox.qbo.wire import answer_time, encode

CDC_OBJECTS = 1000
CDC_SECONDS = 30 * 24 * 3600
BATCH_ITEMS = 30
_FAULT_TITLES = {"4000": "Error parsing query", "4001": "Invalid query"}
_DOCUMENT_OF = {entity: kind for kind, (entity, _) in RENDERERS.items()}


class Endpoints:
    """One request's view of a company. page_fault: the fault that strikes this answer's records, or None."""

    def __init__(self, hub: Hub, company: Company, page_fault: str | None) -> None:
        self.hub = hub
        self.company = company
        self.page_fault = page_fault
        self.serving = Serving(hub, company, page_fault)
        self.time = answer_time(hub.now, company.zone)

    def _tail(self) -> bytes:
        return b',"time":"' + self.time.encode() + b'"}'

    def query(self, text: str) -> Response:
        """A statement's page, or the vendor's complaint about the statement."""
        try:
            statement = parse(text)
            self._drift(statement)
            response = self._query_response(statement)
        except QueryError as complaint:
            return fault_reply(400, complaint.code, _FAULT_TITLES[complaint.code], complaint.detail, self.time)
        return json_reply(self.serving.finish(b'{"QueryResponse":' + response + self._tail()))

    def _query_response(self, statement: Statement) -> bytes:
        rows = query.select(statement, self.company.tables[statement.entity])
        if statement.is_count:
            return b'{"totalCount":%d}' % len(rows)
        page = query.page(statement, rows)
        if not page or self.page_fault == "empty_page":
            return b"{}"
        body, count = self.serving.rows(statement.entity, page)
        return b'{"%s":[%s],"startPosition":%d,"maxResults":%d,"totalCount":%d}' % (
            statement.entity.encode(),
            body,
            statement.start,
            count,
            count,
        )

    def _drift(self, statement: Statement) -> None:
        """Fault `drifting_pages`: between two pages of a walk one earlier record changes and another is deleted."""
        if self.page_fault == "drifting_pages" and statement.start > 1 and not statement.is_count:
            document = _DOCUMENT_OF.get(statement.entity, "bill")
            for operation in ("amend", "remove"):
                self._operate(operation, document, self.hub.now)

    def _operate(self, operation: str, document: str, stamp: int) -> None:
        self.hub.state.remember("operation", operation=operation, realm=self.company.realm, document=document, at=self.hub.now, stamp=stamp)
        self.company.catch_up(self.hub.state.memory)

    def late_commit(self) -> None:
        """Fault `late_commit`: after the answer a change becomes visible that is stamped five minutes before it."""
        for document in ("bill", "invoice"):
            self._operate("amend", document, self.hub.now - 300)

    def read(self, entity_text: str, number: str) -> Response:
        """One record by id; 610 when it does not exist (any more)."""
        entity = entity_named(entity_text)
        if entity is None:
            detail = f"Unsupported Operation : Operation {entity_text} is not supported."
            return fault_reply(400, "500", "Unsupported Operation", detail, self.time)
        number = "1" if entity in ("CompanyInfo", "Preferences") else number
        version = self.company.tables[entity].current.get(number)
        if version is None:
            detail = f"Object Not Found : Something you're trying to use has been made inactive. Id {number}"
            return fault_reply(400, "610", "Object Not Found", detail, self.time)
        body, _ = self.serving.rows(entity, [version])
        if self.page_fault == "duplicate_rows":
            body = version.body
        return json_reply(self.serving.finish(b'{"' + entity.encode() + b'":' + body + self._tail()))

    def report(self, name: str, parameters: Mapping[str, str]) -> Response:
        """An aged report; 5020, as the vendor says of any report that a company may not run, where there is none.

        A recorded company has none: its recording holds records alone.
        """
        if not is_report(name) or not isinstance(self.company, GeneratedCompany):
            detail = "Permission Denied Error : You do not have the access rights to use this feature."
            return fault_reply(400, "5020", "Permission Denied Error", detail, self.time)
        world = self.company.world
        try:
            wanted = asked(name, parameters, today_of(self.hub.now, world))
        except ParameterError as parameter:
            detail = f"Property Name: {parameter} is invalid"
            return fault_reply(400, "2010", "Request has invalid or unsupported property", detail, self.time)
        body = aged_report(world, wanted, self.hub.now)
        return json_reply(self.serving.finish_report(name, drifted(body) if self.page_fault == "schema_drift" else body))

    def batch(self, content: bytes) -> Response:
        """Up to 30 queries in one request; each answers or faults by itself."""
        try:
            items = json.loads(content)["BatchItemRequest"]
            pairs = [(str(item["bId"]), item.get("Query")) for item in items]
        except (ValueError, KeyError, TypeError, AttributeError):
            return fault_reply(400, "2001", "Invalid batch request", "Request body is not a BatchItemRequest", self.time)
        if len(pairs) > BATCH_ITEMS:
            detail = f"The number of items in the batch exceeds the maximum of {BATCH_ITEMS}"
            return fault_reply(400, "1040", "Batch limit exceeded", detail, self.time)
        answers = b",".join(self._batch_item(number, text) for number, text in pairs)
        return json_reply(self.serving.finish(b'{"BatchItemResponse":[' + answers + b"]" + self._tail()))

    def _batch_item(self, number: str, text: Any) -> bytes:
        if not isinstance(text, str):
            return encode(
                {"bId": number, "Fault": fault("2010", "Request has invalid or unsupported property", "Only Query is supported here")}
            )
        try:
            statement = parse(text)
            self._drift(statement)
            response = self._query_response(statement)
        except QueryError as complaint:
            return encode({"bId": number, "Fault": fault(complaint.code, _FAULT_TITLES[complaint.code], complaint.detail)})
        return b'{"QueryResponse":' + response + b',"bId":' + encode_text(number) + b"}"

    def changes(self, names: str, since_text: str) -> Response:
        """The change feed: at most 1,000 objects over all entities, no paging, 30 days back."""
        entities = []
        for name in filter(None, (part.strip() for part in names.split(","))):
            entity = entity_named(name)
            if entity is None:
                return fault_reply(
                    400, "4001", "Invalid query", f"QueryValidationError: Invalid entity in change data capture: {name}", self.time
                )
            entities.append(entity)
        if not entities:
            return fault_reply(
                400,
                "2020",
                "Required param missing, need to supply the required value for the API",
                "Required parameter entities is missing",
                self.time,
            )
        try:
            since = query.parse_instant(since_text)
        except QueryError as complaint:
            return fault_reply(400, "4001", "Invalid query", complaint.detail, self.time)
        horizon = self.hub.now - CDC_SECONDS
        if since < horizon:
            if self.hub.options["cdc_horizon"] != "clip":
                detail = "The changedSince date should be within 30 days of the current date"
                return fault_reply(400, "4001", "Invalid query", f"QueryValidationError: {detail}", self.time)
            since = Decimal(horizon)
        return json_reply(
            self.serving.finish(b'{"CDCResponse":[{"QueryResponse":[' + self._changed(entities, since) + b"]}]" + self._tail())
        )

    def _changed(self, entities: list[str], since: Decimal) -> bytes:
        left, groups = CDC_OBJECTS, []
        first = int(since) if since == int(since) else int(since) + 1
        for entity in entities:
            versions = self.company.tables[entity].changed_since(first)[:left]
            left -= len(versions)
            if not versions or self.page_fault == "empty_page":
                groups.append(b"{}")
                continue
            body, count = self.serving.rows(entity, versions)
            groups.append(b'{"%s":[%s],"startPosition":1,"maxResults":%d,"totalCount":%d}' % (entity.encode(), body, count, count))
        return b",".join(groups)


def encode_text(text: str) -> bytes:
    """A JSON string."""
    return json.dumps(text).encode()
