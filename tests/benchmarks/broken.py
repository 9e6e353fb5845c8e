"""How much later everybody else is when ten of a hundred businesses are broken, each in another way.

Cycles in pairs, one with all vendors well and one with the faults, each after edits to one record in a hundred. A round counts
only when the published file shows everybody else as fresh as without faults, and every broken business with its reason.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from ingestion.settings import Settings
from rowcol_assets.publishing.reader import open_published
from sandbox.server import Running, start
from tests.benchmarks.homes import ADVISOR, ALL_RAILS, UNLIMITED, Ran, command, connected_home
from tests.benchmarks.results import Result, median
from tests.benchmarks.world import CHANGED_SHARE, steps

BUSINESSES, SCALE, PAIRS, MOST_LATER = 100, 1.0, 5, 1.10
# One business each, in this order.
FAULTS = (
    ("qbo", "dead_token"),
    ("qbo", "throttle"),
    ("qbo", "fault_in_200"),
    ("ramp", "server_error"),
    ("ramp", "bad_utf8"),
    ("plaid", "item_login_required"),
    ("plaid", "gzip_bomb"),
    ("stripe", "torn_json"),
    ("stripe", "html_error"),
    ("stripe", "scope_missing"),
)
Say = Callable[[str], None]


def measure(folder: Path, say: Say) -> list[Result]:
    """The median of the pairs' ratios, and the fewest broken businesses that a cycle with faults told of."""
    ratios, well_seconds, broken_seconds, told = [], [], [], []
    with start(folder / "world", seed=9, businesses=BUSINESSES, scale=SCALE) as running:
        running.warm()
        settings = connected_home(folder / "home", running, ALL_RAILS)
        say(f"first cycle: {command(settings, 'run', pace=UNLIMITED).seconds:.0f} s")
        for number in range(PAIRS):
            well = _cycle(settings, running)
            _break(running)
            broken = _cycle(settings, running, code=1)
            told.append(len(reasons := _reasons(settings)))
            _mend(running)
            ratios.append(broken.seconds / well.seconds)
            well_seconds.append(well.seconds)
            broken_seconds.append(broken.seconds)
            say(f"pair {number + 1}: {well.seconds:.1f} s ({steps(well)}), with faults {broken.seconds:.1f} s ({steps(broken)})")
            say(f"told of: {reasons}")
    ratio = median(ratios)
    name = f"cycle of the other {BUSINESSES - len(FAULTS)} while {len(FAULTS)} of {BUSINESSES} are broken, median of {PAIRS} pairs"
    return [
        Result(name, median(broken_seconds), "s", f"<= {MOST_LATER} x", ratio <= MOST_LATER, median(well_seconds), ratio),
        Result("broken businesses told of with their reason", min(told), "", f"= {len(FAULTS)}", min(told) == len(FAULTS)),
    ]


def _cycle(settings: Settings, running: Running, code: int = 0) -> Ran:
    """A cycle after edits, which is to end with `code`: 1 where some connections cannot be read.

    RuntimeError when somebody who is not broken is shown as of before them.
    """
    known_at = datetime.fromisoformat(running.post("touch", share=CHANGED_SHARE)["now"])
    ran = command(settings, "run", pace=UNLIMITED, code=code)
    broken = {entry["business_id"] for entry in running.credentials[: len(FAULTS)]}
    query = (
        "select distinct business_id from marts.fct_rail_freshness where epoch(last_success_at) < ? and rail = 'qbo' and entity = 'bills'"
    )
    with open_published(settings.published_dir / ADVISOR) as file:
        late = {business for (business,) in file.execute(query, [known_at.timestamp()]).fetchall()} - broken
    if late:
        raise RuntimeError(f"{len(late)} businesses that nothing happens to are not up to date: {sorted(late)[:3]}")
    return ran


def _break(running: Running) -> None:
    for (rail, kind), entry in zip(FAULTS, running.credentials, strict=False):
        running.post("fault", rail=rail, business=entry["business_id"], kind=kind)


def _mend(running: Running) -> None:
    for rail in ALL_RAILS:
        running.post("fault", rail=rail, business="all", kind="clear")


def _reasons(settings: Settings) -> dict[str, str]:
    """What the published file says is wrong, by business; one that is held at its last good publish says so, with the reason."""
    query = """select business_id, rail || ' ' || last_error_kind from marts.fct_connection_health where state != 'healthy'
        union all select business_id, held_reason from marts.fct_publish_state where publish_state = 'held'"""
    with open_published(settings.published_dir / ADVISOR) as file:
        return dict(file.execute(query).fetchall())
