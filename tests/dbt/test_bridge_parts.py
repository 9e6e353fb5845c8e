"""The bridge's arithmetic on any two days: parts add up to the cent, and are the mean over all orders of the causes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import factorial
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dbt.project import DbtProject

FROM, TO = date(2026, 6, 23), date(2026, 6, 30)
CENT = Decimal("0.01")
MONEY = "decimal(18, 2)"
TABLES = {
    "marts.fct_runway_daily": f"""business_id varchar, as_of_date date, currency varchar, cash {MONEY}, cash_source varchar,
        cash_gap {MONEY}, flow_source varchar, reserved {MONEY}, spendable {MONEY}, observed_days bigint, outflow_90 {MONEY},
        ap_30 {MONEY}, ap_open {MONEY}, ar_expected {MONEY}, ar_open {MONEY}, runway_days {MONEY}, runway_basis varchar,
        null_reason varchar, computed_at timestamp, synced_at timestamp, rails_used varchar, degraded_rails varchar""",
    "marts.fct_runway_items": f"""business_id varchar, part varchar, rail varchar, entity varchar, record_id varchar,
        valid_from_date date, valid_to_date date, document_number varchar, party_name varchar, txn_date date, due_date date,
        total_amount {MONEY}, open_amount {MONEY}""",
    "marts.fct_cash": f"""business_id varchar, as_of_date date, rail varchar, entity varchar, account_id varchar, account_name varchar,
        home_balance_amount {MONEY}""",
    "staging.stg_control__reserves": f"""business_id varchar, reserve_id varchar, kind varchar, amount {MONEY}, active_from date,
        active_until date""",
    "seeds.runway_policy": "payable_horizon_days integer, receivable_horizon_days integer",
}
VIEWS = ("int_runway_windows", "int_runway_moves", "int_runway_bridge")
INSTANTS = {"computed_at": "2026-06-01 12:00:00", "rails_used": "qbo", "degraded_rails": "", "currency": "USD"}

World = dict[str, Any]


@pytest.fixture(scope="module")
def bridge(project: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The bridge's own SQL over empty tables."""
    path: Path = tmp_path_factory.mktemp("bridge") / "warehouse.duckdb"
    code = project.compiled(path, list(VIEWS), now=f"{TO}T12:00:00Z", as_of_date="", known_at="")
    with duckdb.connect() as connection:
        for schema in ("marts", "staging", "seeds", "intermediate"):
            connection.execute(f"create schema {schema}")
        for table, columns in TABLES.items():
            connection.execute(f"create table {table} ({columns})")
        connection.execute("insert into seeds.runway_policy values (30, 90)")
        for view in VIEWS:
            connection.execute(f"create view intermediate.{view} as {code[view]}")
        yield connection


amounts = st.integers(0, 200_000).map(lambda cents: Decimal(cents) / 100)


@st.composite
def states(draw: st.DrawFn) -> tuple[Decimal, Decimal] | None:
    """Total and open amount of a record on one day, or that it was not there."""
    total = draw(amounts)
    return draw(st.none() | st.just((total, min(total, draw(amounts)))))


records = st.fixed_dictionaries(
    {
        "part": st.sampled_from(["payable", "receivable", "payable_credit", "receivable_credit", "outflow"]),
        "txn": st.integers(-130, 7),
        "due": st.none() | st.integers(-130, 60),
        "moved_due": st.sampled_from([0, 0, 0, 45]),
        "from": states(),
        "to": states(),
    }
)
days = st.fixed_dictionaries(
    {
        "cash": st.integers(-50_000, 500_000).map(lambda cents: None if cents == -50_000 else Decimal(cents) / 100),
        "cash_source": st.sampled_from(["qbo", "qbo", "plaid"]),
        "reserved": amounts,
        "observed_days": st.sampled_from([90, 77, 90, 30, 29, 5, 0]),
        "flow_source": st.sampled_from(["qbo", "qbo", "qbo", "plaid"]),
        "unseen": st.sampled_from([Decimal(0), Decimal(0), Decimal("12.34")]),
    }
)
worlds = st.fixed_dictionaries({"from": days, "to": days, "records": st.lists(records, max_size=9)})


def _figures(world: World, side: str, business_id: str) -> dict[str, Any]:
    """A day's row of the runway, by the definitions of the figures."""
    day, as_of = world[side], FROM if side == "from" else TO
    sums = dict.fromkeys(("ap_30", "ap_open", "ar_expected", "ar_open", "outflow_90"), Decimal(0))
    for record in world["records"]:
        if record[side] is None:
            continue
        _, left = record[side]
        txn, due = FROM + timedelta(record["txn"]), _due(record, side)
        if record["part"] == "payable":
            sums["ap_open"] += left
            sums["ap_30"] += left if due is None or due <= as_of + timedelta(30) else 0
        elif record["part"] == "receivable":
            sums["ar_open"] += left
            sums["ar_expected"] += left if (as_of - (due or txn)).days <= 90 else 0
        elif record["part"] == "outflow" and as_of - timedelta(90) < txn <= as_of:
            sums["outflow_90"] += left
    # What no kept record tells: a history that began later, say.
    sums["ap_30"] += day["unseen"]
    spendable = None if day["cash"] is None else day["cash"] - day["reserved"]
    row = sums | {key: day[key] for key in ("cash", "cash_source", "reserved", "observed_days", "flow_source")}
    row |= {"spendable": spendable, "cash_gap": None, "as_of_date": as_of, "business_id": business_id, "null_reason": "any", **INSTANTS}
    row["runway_basis"] = "bills" if day["observed_days"] < 30 else "burn"
    exact = _headline(row, row["runway_basis"])
    row["runway_days"] = None if exact is None else max(Decimal(0), _rounded(exact))
    return row


def _due(record: World, side: str) -> date | None:
    moved = record["moved_due"] if side == "to" else 0
    return None if record["due"] is None or record["part"] not in ("payable", "receivable") else FROM + timedelta(record["due"] + moved)


def _headline(row: Mapping[str, Any], basis: str) -> Fraction | None:
    terms = _terms(row, basis)
    return None if terms is None else terms[0] * terms[1]


def _terms(row: Mapping[str, Any], basis: str) -> tuple[Fraction, Fraction] | None:
    """The amount that lasts, and the days a unit of it lasts."""
    if row["cash"] is None:
        return None
    if basis == "burn":
        amount, flow, flow_days = row["spendable"] + row["ar_expected"] - row["ap_30"], row["outflow_90"], row["observed_days"]
    else:
        amount, flow, flow_days = row["cash"] + row["ar_open"] - row["ap_open"], row["ap_open"], 30
    return None if flow <= 0 or flow_days == 0 else (Fraction(amount), Fraction(flow_days) / Fraction(flow))


def _rounded(value: Fraction) -> Decimal:
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(CENT, ROUND_HALF_UP)


def _fill(connection: duckdb.DuckDBPyConnection, worlds: Sequence[World]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Puts a business per world into the tables and returns each one's two rows of the runway."""
    # Somebody's record tells that records were kept by then: of a day before the first one nothing would be told apart.
    rows, items = [], [("kept", "inflow", "qbo", "any", "0", FROM - timedelta(1), FROM - timedelta(1), None, None, FROM, None, None, None)]
    for place, world in enumerate(worlds):
        rows.append((_figures(world, "from", str(place)), _figures(world, "to", str(place))))
        for number, record in enumerate(world["records"]):
            stays = record["from"] == record["to"] and record["moved_due"] == 0
            for side, since, until in (("from", FROM - timedelta(1), None if stays else FROM), ("to", FROM + timedelta(1), None)):
                if record[side] is not None and not (stays and side == "to"):
                    document = (None, None, FROM + timedelta(record["txn"]), _due(record, side), *record[side])
                    items.append((str(place), record["part"], "qbo", "any", str(number), since, until, *document))
    connection.execute("delete from marts.fct_runway_daily; delete from marts.fct_runway_items")
    _insert(connection, f"marts.fct_runway_daily ({', '.join(rows[0][0])})", [list(row.values()) for both in rows for row in both])
    _insert(connection, "marts.fct_runway_items", items)
    return rows


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Sequence[Any]]) -> None:
    if rows:
        places = ", ".join(f"({', '.join('?' * len(row))})" for row in rows)
        connection.execute(f"insert into {table} values {places}", [value for row in rows for value in row])


# Twenty businesses a question: asking takes 0.1 s, whatever is asked.
@settings(max_examples=20)
@given(several=st.lists(worlds, min_size=1, max_size=20))
def test_parts_add_up_to_the_whole_and_are_the_mean_over_all_orders(bridge: duckdb.DuckDBPyConnection, several: list[World]) -> None:
    days = _fill(bridge, several)
    query = "select business_id, cause, amount, days, outflow_amount from intermediate.int_runway_bridge where period = 'week'"
    found: dict[str, dict[str, Any]] = {}
    for business_id, cause, *part in bridge.execute(query).fetchall():
        found.setdefault(business_id, {})[cause] = part
    for place, (world, (earlier, later)) in enumerate(zip(several, days, strict=True)):
        _check(world, earlier, later, found[str(place)])


def _check(world: World, earlier: Mapping[str, Any], later: Mapping[str, Any], parts: Mapping[str, Any]) -> None:
    basis = later["runway_basis"]
    if earlier["cash"] is not None and later["cash"] is not None:
        assert sum(amount for amount, _, _ in parts.values()) == _amount(later, basis) - _amount(earlier, basis)
        assert parts["unattributed"][0] == (world["from"]["unseen"] - world["to"]["unseen"] if basis == "burn" else 0)
    if earlier["runway_days"] is None or later["runway_days"] is None:
        assert {lasting for _, lasting, _ in parts.values()} == {None}
        return
    assert sum(lasting for _, lasting, _ in parts.values()) == later["runway_days"] - earlier["runway_days"]
    expected = _by_all_orders(earlier, later, parts)
    # The largest part takes what rounding the others left.
    off = {cause: part[1] - expected.get(cause, Decimal(0)) for cause, part in parts.items()}
    off = {cause: difference for cause, difference in off.items() if abs(difference) > CENT}
    assert len(off) <= 1 and all(abs(difference) <= CENT * len(parts) for difference in off.values()), off


def _amount(row: Mapping[str, Any], basis: str) -> Decimal:
    whole: Decimal = (
        row["spendable"] + row["ar_expected"] - row["ap_30"] if basis == "burn" else row["cash"] + row["ar_open"] - row["ap_open"]
    )
    return whole


def _by_all_orders(earlier: Mapping[str, Any], later: Mapping[str, Any], parts: Mapping[str, Any]) -> dict[str, Decimal]:
    """Each cause's part by the definition of Shapley's value; formula and floor by theirs."""
    basis = later["runway_basis"]
    own, start, end = _headline(earlier, earlier["runway_basis"]), _terms(earlier, basis), _terms(later, basis)
    assert own is not None and end is not None
    if start is None:
        return {"formula": later["runway_days"] - earlier["runway_days"]}
    amounts = {cause: Fraction(part[0]) for cause, part in parts.items() if part[0]}
    late = Fraction(parts["late_data"][2] or 0)
    flows = {"from": Fraction(earlier["outflow_90"]), "to": Fraction(later["outflow_90"])}
    is_split = basis == "burn" and flows["from"] + late > 0 and flows["to"] - late > 0
    players = sorted({*amounts, "burn", *(("late_data",) if is_split and late else ())})

    def value(came: set[str]) -> float:
        amount = start[0] + sum(amounts.get(cause, Fraction(0)) for cause in came)
        if not is_split:
            return float(amount * (end[1] if "burn" in came else start[1]))
        flow_days = later["observed_days"] if "burn" in came else earlier["observed_days"]
        flow = (flows["to"] - late if "burn" in came else flows["from"]) + (late if "late_data" in came else 0)
        return float(amount * flow_days / flow)

    means = {cause: _rounded(Fraction(part)) for cause, part in _shapley(players, value).items()}
    cut_later, cut_earlier = later["runway_days"] - _rounded(end[0] * end[1]), earlier["runway_days"] - _rounded(own)
    return means | {"formula": _rounded(start[0] * start[1] - own), "floor": cut_later - cut_earlier}


def _shapley(players: Sequence[str], value: Callable[[set[str]], float]) -> dict[str, float]:
    """The mean, over all orders in which the players can come, of what each adds: by the sets that can be there before it."""
    sets = [{player for place, player in enumerate(players) if number >> place & 1} for number in range(2 ** len(players))]
    values = [value(came) for came in sets]
    weights = [factorial(size) * factorial(len(players) - size - 1) / factorial(len(players)) for size in range(len(players))]
    return {
        player: sum(
            weights[len(came)] * (values[number | 1 << place] - values[number]) for number, came in enumerate(sets) if player not in came
        )
        for place, player in enumerate(players)
    }
