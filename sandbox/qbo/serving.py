"""One answer in the making: joins record bodies, spoils them where a fault says so, and notes what is really sent."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sandbox.hub import Hub
from sandbox.qbo.company import Company
from sandbox.qbo.table import Version
from sandbox.served import DRIFTED
from sandbox.spoiling import spoiled


class Serving:
    """Collects an answer's pages. fault: the kind that spoils this answer, or None."""

    def __init__(self, hub: Hub, company: Company, fault: str | None) -> None:
        self._hub = hub
        self._company = company
        self._fault = fault
        self._pages: list[tuple[str, list[int]]] = []

    def rows(self, entity: str, versions: list[Version]) -> tuple[bytes, int]:
        """The records as the inside of a JSON array, and how many they are; what is joined here counts as sent."""
        if self._fault == "duplicate_rows" and versions:
            versions = [*versions, *versions[: max(1, len(versions) // 20)]]
        if self._fault == "schema_drift":
            self._pages.append((entity, [version.seq if version.deleted else version.seq | DRIFTED for version in versions]))
            return b",".join([version.body if version.deleted else drifted(version.body) for version in versions]), len(versions)
        self._pages.append((entity, [version.seq for version in versions]))
        return b",".join([version.body for version in versions]), len(versions)

    def finish(self, body: bytes) -> bytes:
        """The body to send, spoiled if need be; a spoiled body has delivered nothing, any other is noted as sent."""
        what_is_left = spoiled(self._fault, body)
        if what_is_left is not None:
            return what_is_left
        for entity, places in self._pages:
            if places:
                self._hub.served.add(self._company.realm, entity, self._hub.now, places)
        return body

    def finish_report(self, name: str, body: bytes) -> bytes:
        """Like `finish` for a report, which is made when it is asked for and kept nowhere: only what was sent is noted."""
        what_is_left = spoiled(self._fault, body)
        if what_is_left is not None:
            return what_is_left
        sent, digest = self._hub.state.memory.reports, hashlib.sha256(body).hexdigest()
        if digest not in sent.get((self._company.realm, name), {}):
            self._hub.state.remember("report", realm=self._company.realm, name=name, at=self._hub.now, sha256=digest)
        return body


def drifted(body: bytes) -> bytes:
    """A record in the shape of a later vendor release: a field more, one dropped, amounts as text, a number where text was.

    Amounts keep their digits: the text of a number is put in quotes, never computed.
    """
    record: dict[str, Any] = json.loads(body, parse_float=_Digits, parse_int=_Digits)
    record.pop("PrivateNote", None)
    for name in ("TotalAmt", "CurrentBalance"):
        if isinstance(record.get(name), _Digits):
            record[name] = str(record[name])
    if str(record.get("DocNumber", "")).isdigit():
        record["DocNumber"] = _Digits(int(record["DocNumber"]))
    record["ReleaseTag"] = {"wave": _Digits("2"), "labels": ["drift"]}
    return _dump(record).encode()


class _Digits(str):
    """A JSON number kept as the text it was."""


def _dump(value: Any) -> str:
    if isinstance(value, _Digits):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{_dump(held)}" for key, held in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_dump(held) for held in value) + "]"
    return json.dumps(value)
