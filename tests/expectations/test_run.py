"""What a run promises: an error is never a pass, one check never disturbs another, and results are stored whole."""

from __future__ import annotations

import socket
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations import run
from expectations.report import CheckReport
from expectations.run import run_checks
from ingestion.errors import RowcolError, UsageError
from tests.expectations.frames_for_tests import RAN_AT, add_frame, warehouse_with


def statuses(report: CheckReport) -> dict[tuple[str, str], str]:
    return {(result.business_id, result.check_id): result.status for result in report.results}


def stored(warehouse: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    return warehouse.execute("select run_id, business_id, check_id, status from quality.expectation_runs order by all").fetchall()


def test_great_expectations_raising_is_an_error_of_that_check_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    import great_expectations.expectations as classes

    def broken(**arguments: object) -> None:
        raise ZeroDivisionError("first line\nsecond line")

    monkeypatch.setattr(classes, "ExpectColumnValuesToBeInSet", broken)
    warehouse = warehouse_with()
    add_frame(warehouse, "H14", [{"has_tax_id": True}])
    add_frame(warehouse, "H01", [{"due_date": None}])
    report = run_checks(warehouse, run_id="r", ran_at=RAN_AT, checks=["H01", "H14"])
    assert statuses(report) == {("acme", "H01"): "failed", ("acme", "H14"): "error"}
    assert [result.error for result in report.results] == [None, "ZeroDivisionError: first line second line"]


def test_an_exception_great_expectations_only_reports_is_an_error_too(monkeypatch: pytest.MonkeyPatch) -> None:
    from great_expectations.expectations.metrics.column_map_metrics.column_values_between import ColumnValuesBetween

    def broken(*arguments: object, **named: object) -> None:
        raise ValueError("metric broke")

    monkeypatch.setattr(ColumnValuesBetween, "_pandas", broken)
    warehouse = warehouse_with()
    add_frame(warehouse, "H03", [{"total_amount": Decimal(1)}])
    # the metric provider was registered with the real function, so the registry's copy is replaced as well
    from great_expectations.expectations import registry

    name = "column_values.between.condition"
    provider = registry._registered_metrics[name]["providers"]["PandasExecutionEngine"]
    monkeypatch.setitem(registry._registered_metrics[name]["providers"], "PandasExecutionEngine", (provider[0], broken))
    report = run_checks(warehouse, run_id="r", ran_at=RAN_AT, checks=["H03"])
    assert statuses(report) == {("acme", "H03"): "error"}


def test_a_broken_installation_is_an_error_of_every_check_with_records(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(thresholds: object) -> None:
        raise ImportError("no module")

    monkeypatch.setattr(run, "open_evaluator", broken)
    warehouse = warehouse_with()
    add_frame(warehouse, "H01", [{"due_date": None}])
    report = run_checks(warehouse, run_id="r", ran_at=RAN_AT, checks=["H01"])
    assert [(result.status, result.error) for result in report.results] == [("error", "Great Expectations does not start: ImportError")]


@pytest.mark.parametrize(
    ("types", "reason"),
    [
        ({"total_amount": "double"}, "quality.chk_h03.total_amount is DOUBLE, not DECIMAL(18,2)"),
        ({"total_amount": "varchar"}, "quality.chk_h03.total_amount is VARCHAR, not DECIMAL(18,2)"),
        ({"impact_amount": "double"}, "quality.chk_h03.impact_amount is DOUBLE, not DECIMAL(18,2)"),
        ({"record_id": "bigint"}, "quality.chk_h03.record_id is BIGINT, not VARCHAR"),
    ],
)
def test_a_mistyped_column_is_an_error_that_names_it(types: dict[str, str], reason: str) -> None:
    warehouse = warehouse_with()
    add_frame(warehouse, "H03", [{"record_id": 1, "total_amount": 1}], types)
    report = run_checks(warehouse, run_id="r", ran_at=RAN_AT, checks=["H03"])
    assert [(result.status, result.error) for result in report.results] == [("error", reason)]


def test_a_missing_frame_a_frame_that_fails_and_one_that_fans_out_are_errors() -> None:
    warehouse = warehouse_with()
    warehouse.execute("""
        create view quality.chk_h08 as select 'acme' as business_id, 'qbo' as rail, 'x' as entity, '1' as record_id, '' as observed,
        null::decimal(18, 2) as impact_amount, error('view broke')::varchar as customer_id
    """)
    add_frame(warehouse, "H09", [{"record_id": "1"}, {"record_id": "1"}])
    add_frame(warehouse, "H13", [{"record_id": None}])
    add_frame(warehouse, "H23", [{"balance_amount": Decimal(1)}])
    report = run_checks(warehouse, run_id="r", ran_at=RAN_AT, checks=["H01", "H08", "H09", "H13", "H23"])
    assert [result.status for result in report.results] == ["error", "error", "error", "error", "passed"]
    reasons = [result.error or "" for result in report.results]
    assert "chk_h01 does not exist" in reasons[0]
    assert "view broke" in reasons[1]
    assert reasons[2:4] == ["quality.chk_h09 lists a record more than once", "quality.chk_h13 has a record without a key"]
    assert all("\n" not in reason for reason in reasons)


def test_a_check_whose_rails_are_not_connected_is_not_applicable_and_its_frame_is_not_needed() -> None:
    warehouse = warehouse_with(("none",), applicable=False)
    warehouse.execute("insert into quality.chk_applicability values ('acme', 'H01', true), ('acme', 'H37', false)")
    add_frame(warehouse, "H01", [{"due_date": None}, {"business_id": "none", "due_date": None}])
    report = run_checks(warehouse, run_id="r", ran_at=RAN_AT, checks=["H01", "H02", "H37", "H24"])
    assert statuses(report) == {
        ("none", "H01"): "not_applicable",
        ("acme", "H01"): "failed",
        ("none", "H02"): "not_applicable",
        ("acme", "H37"): "not_applicable",
        ("none", "H37"): "not_applicable",
        ("none", "H24"): "not_applicable",
    }
    assert warehouse.execute("select business_id from quality.expectation_failures").fetchall() == [("acme",)]


def test_a_check_without_records_has_passed_with_none() -> None:
    warehouse = warehouse_with()
    add_frame(warehouse, "H01", [])
    report = run_checks(warehouse, run_id="r", ran_at=RAN_AT, checks=["H01"])
    assert [(result.status, result.records_checked) for result in report.results] == [("passed", 0)]


def test_a_full_run_replaces_everything_and_a_partial_one_only_its_own_rows() -> None:
    warehouse = warehouse_with(("acme", "zeta"))
    add_frame(warehouse, "H01", [{"due_date": None}, {"business_id": "zeta", "due_date": None}])
    add_frame(warehouse, "H09", [{"due_date": None}])
    run_checks(warehouse, run_id="all", ran_at=RAN_AT)
    warehouse.execute(
        "insert into quality.expectation_runs by name select * replace ('gone' as business_id) from quality.expectation_runs limit 1"
    )
    run_checks(warehouse, run_id="part", ran_at=RAN_AT, businesses=["zeta"], checks=["H01"])
    rows = stored(warehouse)
    assert [row for row in rows if row[0] == "part"] == [("part", "zeta", "H01", "failed")]
    assert ("all", "acme", "H01", "failed") in rows and ("all", "zeta", "H01", "failed") not in rows
    failures = warehouse.execute("select run_id, business_id, check_id from quality.expectation_failures order by all").fetchall()
    assert failures == [("all", "acme", "H01"), ("all", "acme", "H09"), ("part", "zeta", "H01")]
    run_checks(warehouse, run_id="again", ran_at=RAN_AT)
    assert {row[0] for row in stored(warehouse)} == {"again"}
    assert not any(row[1] == "gone" for row in stored(warehouse))


def test_results_are_replaced_together_or_not_at_all() -> None:
    warehouse = warehouse_with()
    add_frame(warehouse, "H01", [{"due_date": None, "impact_amount": Decimal(1)}])
    run_checks(warehouse, run_id="first", ran_at=RAN_AT, checks=["H01"])
    add_frame(warehouse, "H01", [{"due_date": None, "impact_amount": None}])
    warehouse.execute("alter table quality.expectation_failures alter column impact_amount set not null")
    with pytest.raises(duckdb.ConstraintException):
        run_checks(warehouse, run_id="second", ran_at=RAN_AT, checks=["H01"])
    assert stored(warehouse) == [("first", "acme", "H01", "failed")]
    assert warehouse.execute("select run_id from quality.expectation_failures").fetchall() == [("first",)]


def test_hostile_texts_and_exact_amounts_arrive_unchanged() -> None:
    hostile = [
        "'; drop table quality.expectation_runs; --",
        "{{ 7 * 7 }}",
        "=cmd|' /C calc'!A0",
        "a\x00b",
        "\u202egnp.exe",
        "$PARAMETER",
        "x" * 100_000,
        "",
    ]
    amount = Decimal("9999999999999999.99")
    warehouse = warehouse_with()
    add_frame(warehouse, "H02", [{"record_id": text, "vendor_id": text, "observed": text, "impact_amount": amount} for text in hostile])
    add_frame(warehouse, "H17", [{"record_id": f"{n}{text}", "vendor_key": text} for text in hostile for n in range(2)])
    report = run_checks(warehouse, run_id="r", ran_at=RAN_AT, checks=["H02", "H17"])
    assert {result.status for result in report.results} == {"failed"}
    rows = warehouse.execute(
        "select record_id, observed, impact_amount from quality.expectation_failures where check_id = 'H02'"
    ).fetchall()
    assert sorted(rows) == sorted((text, text, amount) for text in hostile)
    assert report.results[1].records_failed == 2 * len(hostile)


def test_the_report_carries_at_most_twenty_keys_and_no_values() -> None:
    warehouse = warehouse_with(("acme", "zeta"))
    records = [{"record_id": f"{number:03}", "due_date": None, "observed": "secret"} for number in range(25)]
    add_frame(warehouse, "H01", records)
    (summary,) = run_checks(warehouse, run_id="r", ran_at=RAN_AT, checks=["H01"]).summaries
    assert (summary.status, summary.records_checked, summary.records_failed, summary.businesses_failed) == ("failed", 25, 25, 1)
    assert summary.sample_keys == tuple(f"acme/qbo/bills/{number:03}" for number in range(20))
    assert "secret" not in repr(summary)


def test_nothing_is_sent_written_printed_or_logged(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*arguments: object) -> None:
        raise AssertionError("a check opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    warehouse = warehouse_with()
    add_frame(warehouse, "H01", [{"due_date": None}])
    run_checks(warehouse, run_id="r", ran_at=RAN_AT)
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


def test_unknown_names_and_a_time_without_zone_are_refused() -> None:
    warehouse = warehouse_with()
    with pytest.raises(UsageError, match="no check 'H99'"):
        run_checks(warehouse, run_id="r", ran_at=RAN_AT, checks=["H99"])
    with pytest.raises(UsageError, match="no business 'nobody'"):
        run_checks(warehouse, run_id="r", ran_at=RAN_AT, businesses=["nobody"])
    with pytest.raises(UsageError, match="zone"):
        run_checks(warehouse, run_id="r", ran_at=RAN_AT.replace(tzinfo=None))


def test_a_warehouse_without_models_is_one_sentence() -> None:
    with pytest.raises(RowcolError, match=r"no quality\.chk_applicability: build the models"):
        run_checks(duckdb.connect(), run_id="r", ran_at=RAN_AT)
