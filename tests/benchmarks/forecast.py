"""The cash forecast, measured in sandbox businesses its constants were not fitted on: its bands, and its loss beside others'.

What truly happened is the sandbox's word. A loss is the mean pinball loss of P10, P50 and P90, each business's in shares of what
its cash usually moves in a week, so that the large ones do not decide alone. How the constants are fitted is in `fit_forecast`,
the models it is compared with are in `statistical`.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb
import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.settings import Settings
from sandbox.server import Running, start
from tests.benchmarks.homes import ALL_RAILS, LEDGER, UNLIMITED, command, connected_home
from tests.benchmarks.results import Result

# Constants were fitted on seeds 901, 903 and 904.
UNSEEN_SEED, BUSINESSES, SCALE = 911, 24, 2.0
HORIZONS = (7, 14, 30)
STATSFORECAST = "statsforecast==2.1.1"
# AutoETS takes most of a second for a series: it forecasts from every fourth of the weekly origins.
EVERY = 4
Say = Callable[[str], None]
Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

# `cash` is what the truth calls the cash of the rails that are read.
CASES = """
    with truth as (select business_id, date, cast({cash} as double) as cash from balances)
    select
        cases.business_id, cases.horizon_days, cases.origin_date, origins.cash as opening,
        targets.cash - origins.cash as change,
        [cast(p10_change as double), cast(p50_change as double), cast(p90_change as double)] as told,
        [cast(naive_p10_change as double), cast(naive_p50_change as double), cast(naive_p90_change as double)] as naive,
        avg(abs(targets.cash - origins.cash)) filter (horizon_days = 7) over (partition by cases.business_id) as usual,
        (cases.as_of_date - cases.origin_date) // 7 as weeks_ago
    from warehouse.intermediate.int_forecast_cases as cases
    inner join truth as origins on cases.business_id = origins.business_id and cases.origin_date = origins.date
    inner join truth as targets on cases.business_id = targets.business_id and cases.target_date = targets.date
    where horizon_days in (7, 14, 30) and cases.target_date < cases.as_of_date and p50_change is not null
    order by cases.business_id, cases.horizon_days, cases.origin_date
"""


def measure(folder: Path, say: Say) -> list[Result]:
    """Share of cases between P10 and P90 and the ratios of losses at 7, 14 and 30 days: on all rails, and on the ledger alone."""
    with start(folder / "world", seed=UNSEEN_SEED, businesses=BUSINESSES, scale=SCALE) as running:
        running.warm()
        homes = {}
        for name, rails in (("all rails", ALL_RAILS), ("the ledger alone", LEDGER)):
            homes[name] = connected_home(folder / name, running, rails)
            command(homes[name], "run", pace=UNLIMITED)
        balances = _truth(running)
    everything = _cases(homes["all rails"], balances, "bank_cash")
    results = _bands("all rails", everything, say)
    results += _bands("the ledger alone", _cases(homes["the ledger alone"], balances, "ledger_cash"), say)
    return results + _beside_models(everything, balances, say)


def _bands(name: str, cases: pa.Table, say: Say) -> list[Result]:
    results = []
    for horizon in HORIZONS:
        at = _at(cases, horizon)
        change, told, naive, usual = _numbers(at)
        held = float(np.mean((change >= told[:, 0]) & (change <= told[:, 2])))
        ours, other = (float(np.mean(pinball(change, quantiles) / usual)) for quantiles in (told, naive))
        say(f"{name}, {horizon} days, {len(change)} cases: held {held:.3f}, loss {ours:.4f}, seasonal naive's {other:.4f}")
        label = f"cash forecast at {horizon} days, {name}"
        results += [
            Result(f"{label}: held by P10-P90", held, "share", "0.80 +- 0.03", 0.77 <= held <= 0.83),
            Result(f"{label}: loss beside seasonal naive", ours, "weeks", "<= 0.8 x", ours <= 0.8 * other, other, ours / other),
        ]
    return results


def _beside_models(cases: pa.Table, balances: pa.Table, say: Say) -> list[Result]:
    chosen = [row for row in cases.to_pylist() if row["weeks_ago"] % EVERY == 0]
    origins = sorted({(row["business_id"], row["origin_date"]) for row in chosen})
    told = _models([_history(balances, *origin) for origin in origins])
    if told is None:
        say(f"no AutoETS: {STATSFORECAST} cannot be had here")
        return []
    by_origin = dict(zip(origins, told, strict=True))
    results = []
    for model, most in (("AutoETS", 1.0), ("seasonal naive", 0.8)):
        for number, horizon in enumerate(HORIZONS):
            rows = [row for row in chosen if row["horizon_days"] == horizon]
            change, usual = (np.array([row[key] for row in rows]) for key in ("change", "usual"))
            opening = np.array([[row["opening"]] for row in rows])
            theirs = np.array([by_origin[row["business_id"], row["origin_date"]][model][number] for row in rows]) - opening
            ours, other = (float(np.mean(pinball(change, told) / usual)) for told in (np.array([row["told"] for row in rows]), theirs))
            say(f"{horizon} days, {len(rows)} cases: loss {ours:.4f}, that of {model} (statsforecast) {other:.4f}")
            name = f"cash forecast at {horizon} days: loss beside {model} (statsforecast)"
            results.append(Result(name, ours, "weeks", f"<= {most:g} x", ours <= most * other, other, ours / other))
    return results


def pinball(actual: Floats, quantiles: Floats) -> Floats:
    """The mean pinball loss of P10, P50 and P90 (columns) in each case."""
    missed = actual[:, None] - quantiles
    shares = np.array([0.1, 0.5, 0.9])
    return np.mean(np.maximum(shares * missed, (shares - 1) * missed), axis=1)


def _models(series: Sequence[list[float]]) -> list[dict[str, list[list[float]]]] | None:
    """What statsforecast's models say, run where it is installed for the time of the run; None where it cannot be had."""
    environment = [str(Path(sys.executable).parent / "uv"), "run", "--quiet", "--no-project", "--isolated", "--python", sys.executable]
    script = Path(__file__).with_name("statistical.py")
    ran = subprocess.run(
        [*environment, "--with", STATSFORECAST, "python", str(script)],
        input=json.dumps(series),
        capture_output=True,
        text=True,
        check=False,
    )
    told: list[dict[str, list[list[float]]]] = json.loads(ran.stdout) if ran.returncode == 0 else []
    return told or None


def _cases(settings: Settings, balances: pa.Table, cash: str) -> pa.Table:
    with duckdb.connect() as database:
        database.register("balances", balances)
        database.execute(f"attach '{settings.warehouse_path}' as warehouse (read_only)")
        return database.execute(CASES.format(cash=cash)).to_arrow_table()


def _at(cases: pa.Table, horizon: int) -> pa.Table:
    return cases.filter(pa.array([value == horizon for value in cases["horizon_days"].to_pylist()]))


def _numbers(cases: pa.Table) -> tuple[Floats, Floats, Floats, Floats]:
    change, told, naive, usual = (np.array(cases[name].to_pylist()) for name in ("change", "told", "naive", "usual"))
    return change, told, naive, usual


def _history(balances: pa.Table, business_id: str, origin: object) -> list[float]:
    with duckdb.connect() as database:
        database.register("balances", balances)
        found = database.execute(
            "select cast(bank_cash as double) from balances where business_id = ? and date <= ? order by date", [business_id, origin]
        ).fetchall()
    return [value for (value,) in found]


def _truth(running: Running) -> pa.Table:
    answer = httpx.get(f"{running.base_url}/sandbox/truth/balances", trust_env=False, timeout=120).raise_for_status()
    return pq.read_table(io.BytesIO(answer.content))
