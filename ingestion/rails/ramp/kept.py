"""Takes a kept page of Ramp apart again: a page of a list, or a record read alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ingestion.answers import MalformedPage
from ingestion.control.facts import Connection
from ingestion.fetching import KeptRecord
from ingestion.rails.ramp.lists import ACCOUNTS, LISTS, OBJECTS
from ingestion.rails.ramp.promise import RAMP
from ingestion.rails.ramp.wire import Form, read_object, split_page

_VOLATILE = {entity.name: entity.volatile_fields for entity in RAMP.entities}


def reread(connection: Connection, entity: str, body: bytes) -> Mapping[str, Sequence[KeptRecord]]:
    """The records of a page by raw table; an account does not name its vendor, so accounts are left to the next sync."""
    if entity == ACCOUNTS:
        raise MalformedPage("whose accounts they are was told by what was asked for, not by the page")
    if entity in OBJECTS:
        one = OBJECTS[entity]
        records = [read_object(body, Form(one.stamp, _VOLATILE[entity]), one.record_id)]
    else:
        form = Form(LISTS[entity].stamp, _VOLATILE[entity])
        try:
            records = split_page(body, form).records
        except MalformedPage as error:
            try:
                records = [read_object(body, form)]
            except MalformedPage:
                raise error from None
    return {entity: [KeptRecord(one.record_id, one.stamp, False, one.payload, one.content_hash) for one in records]}
