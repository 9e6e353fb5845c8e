"""When the store cannot be used: health says so, deliveries are answered with what makes vendors repeat them, nothing is lost."""

from __future__ import annotations

import threading

import httpx
import pytest
from sqlalchemy.engine import Connection as Transaction

from ingestion.errors import RowcolError
from ingestion.receiver.writer import BatchWriter
from tests.receiver.conftest import NOON, REALM, Served
from tests.receiver.signing import qbo, qbo_body


def test_health_names_the_rails(local: Served) -> None:
    answer = httpx.get(f"{local.url}/healthz", trust_env=False)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "rails": ["plaid", "qbo", "ramp", "stripe"]})


def test_nothing_is_acknowledged_that_could_not_be_committed(local: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RowcolError("the control store at secret-place cannot be used: disk full")

    signed = qbo(qbo_body(REALM), NOON)
    with monkeypatch.context() as broke:
        broke.setattr(local.store.database, "write", broken)
        answer = local.deliver(signed)
    assert (answer.status_code, "secret-place" in answer.text, local.inbox()) == (503, False, [])
    assert local.deliver(signed).json() == {"accepted": 1, "known": 0}


def test_a_defect_is_an_answer_without_its_words_and_ends_no_other_request(local: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def defect(*_: object) -> None:
        raise ValueError("amount of Rosewood Dental")

    with monkeypatch.context() as broke:
        broke.setattr("ingestion.receiver.webhooks.put_notices", defect)
        answer = local.deliver(qbo(qbo_body(REALM), NOON))
    assert (answer.status_code, answer.json()) == (500, {"error": "an unexpected error"})
    assert local.deliver(qbo(qbo_body(REALM), NOON)).status_code == 200


def test_of_work_committed_together_only_what_fails_is_undone(local: Served) -> None:
    import asyncio

    held, release = threading.Event(), threading.Event()

    def wait(_: Transaction) -> str:
        held.set()
        release.wait(30)
        return "first"

    def insert(transaction: Transaction, realm: str) -> None:
        transaction.exec_driver_sql(
            "insert into firms (firm_id, firm_name, created_at) values (?, ?, ?)", (realm, realm, "2026-01-01T00:00:00.000000Z")
        )

    def fail(transaction: Transaction) -> None:
        insert(transaction, "undone")
        raise ValueError

    async def run() -> list[object]:
        writer = BatchWriter(local.store.database)
        writer.start()
        first = asyncio.ensure_future(writer.write(wait))
        await asyncio.to_thread(held.wait)
        rest = [asyncio.ensure_future(writer.write(work)) for work in (lambda one: insert(one, "kept"), fail)]
        await asyncio.sleep(0)
        release.set()
        results = await asyncio.gather(first, *rest, return_exceptions=True)
        writer.stop()
        return list(results)

    first, kept, failed = asyncio.run(run())
    assert (first, kept, type(failed)) == ("first", None, ValueError)
    with local.store.database.read() as transaction:
        assert transaction.exec_driver_sql("select firm_id from firms").scalars().all() == ["kept"]
