"""What each fault comes to on each rail, as one table: `test_matrix.py` runs every cell of it, docs/faults.md shows it.

`python -m tests.faults.matrix` writes the page. What a fault does on the wire is in sandbox/README.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"


@dataclass(frozen=True)
class Cell:
    """What a fault comes to on one rail.

    reason: why the connection fails for as long as the fault lasts, None where it is read whole all the same. status: how
    far it got. state: of the connection. once: whether a single stroke is made up for in the same sync. is_kept: whether the
    page lies in quarantine. in_walk: whether it takes a first sync in small pages to meet it. told: for people.
    """

    told: str
    reason: str | None = None
    status: str = "failed"
    state: str = "degraded"
    once: bool = True
    is_kept: bool = False
    in_walk: bool = False


@dataclass(frozen=True)
class Never:
    """Why a fault cannot occur on a rail."""

    why: str


def _kept(told: str = "tried again, then kept in quarantine") -> Cell:
    return Cell(told, "malformed_page", is_kept=True)


THROTTLE = Cell("waited for and tried again", "throttled")
SERVER = Cell("tried again", "server_error")
DEAD = Cell("not tried again: a person has to connect anew", "disconnected", state="disconnected", once=False)
SLOW = Cell("waited for; no other business waits")
DRIFT = Cell("kept as served; what a model cannot type is a rejected value")
DOUBLE = Cell("a version is known once, however often it is served")
ONLY_INTUIT = Never("only Intuit is known to answer 200 with an error")
NO_LOGIN = Never("there is no bank login; a consent that was withdrawn is dead_token")
NO_BANK = Never("no bank stands between the vendor and its answer")

MATRIX: dict[str, dict[str, Cell | Never]] = {
    "throttle": dict.fromkeys(("qbo", "ramp", "plaid", "stripe"), THROTTLE),
    "server_error": dict.fromkeys(("qbo", "ramp", "plaid", "stripe"), SERVER),
    "html_error": dict.fromkeys(("qbo", "ramp", "plaid", "stripe"), SERVER),
    "fault_in_200": {"qbo": SERVER, "ramp": ONLY_INTUIT, "plaid": ONLY_INTUIT, "stripe": ONLY_INTUIT},
    "torn_json": dict.fromkeys(("qbo", "ramp", "plaid", "stripe"), _kept()),
    "bad_utf8": dict.fromkeys(("qbo", "ramp", "plaid", "stripe"), _kept()),
    "deep_json": dict.fromkeys(("qbo", "ramp", "plaid", "stripe"), _kept()),
    "gzip_bomb": dict.fromkeys(
        ("qbo", "ramp", "plaid", "stripe"),
        Cell("cut off at 64 MB, its beginning kept in quarantine; not tried again", "malformed_page", is_kept=True, once=False),
    ),
    "slow": dict.fromkeys(("qbo", "ramp", "plaid", "stripe"), SLOW),
    "dead_token": dict.fromkeys(("qbo", "ramp", "plaid", "stripe"), DEAD),
    "scope_missing": {
        "qbo": Cell("not tried again: the app lacks the company's consent", "forbidden", once=False),
        "ramp": Cell("costs the tables of that scope only, which are named", "scope_missing", status="partial", once=False),
        "plaid": Cell(
            "costs the transactions only: the owner has to share them", "disconnected", status="partial", state="disconnected", once=False
        ),
        "stripe": Cell("costs what the key may not read, which is named", "scope_missing", once=False),
    },
    "drifting_pages": {
        "qbo": Cell("a page that does not begin with the last row is read again from further back; counts find the rest", in_walk=True),
        "ramp": Cell("the page is asked for behind the row before, then the walk begins again", "page_gap", status="partial", in_walk=True),
        "plaid": Cell(
            "the update is read again from its first page; nothing of a broken one counts", "mutated", status="partial", in_walk=True
        ),
        "stripe": Never("pages are cut by id, newest first: what comes or goes meanwhile moves none of them"),
    },
    "duplicate_rows": dict.fromkeys(("qbo", "ramp", "plaid", "stripe"), DOUBLE),
    "schema_drift": dict.fromkeys(("qbo", "ramp", "plaid", "stripe"), DRIFT),
    "late_commit": {
        "qbo": Cell("each reading of the feed begins 15 minutes before the last"),
        "ramp": Cell("lists are read again days back each time, and whole once a day; a vendor's accounts with its next change"),
        "plaid": Never("a cursor follows the order in which Plaid learned of changes, whatever their dates"),
        "stripe": Cell("events are read again from an hour back"),
    },
    "cursor_gone": {
        "qbo": Never("there is no cursor: changes are asked for since a time, and walked for where that lies too far back"),
        "ramp": Cell("the page is asked for behind the row before, then the walk begins again", "page_gap", status="partial", in_walk=True),
        "plaid": Cell(
            "a page's: the update is read again from its first page; a kept one: everything is read anew, and what is not in it has ended",
            "mutated",
            status="partial",
            in_walk=True,
        ),
        "stripe": Cell("the page is asked for behind the object before, and so on", "page_gap", status="partial", in_walk=True),
    },
    "item_login_required": {
        "qbo": NO_LOGIN,
        "ramp": NO_LOGIN,
        "plaid": Cell(
            "not tried again: the owner has to sign in at the bank; what was known stays",
            "disconnected",
            status="partial",
            state="disconnected",
            once=False,
        ),
        "stripe": NO_LOGIN,
    },
    "institution_down": {
        "qbo": NO_BANK,
        "ramp": NO_BANK,
        "plaid": Cell("tried again; the login itself is still read", "bank_unavailable", status="partial"),
        "stripe": NO_BANK,
    },
    "empty_page": {
        "qbo": Cell("found by the vendor's own count and walked again", "page_gap", status="partial", in_walk=True),
        "ramp": Cell("asked for once more, then believed; a record is gone only if reading it alone says so", in_walk=True),
        "plaid": Cell("a page that announces more and leads to itself is no page", "page_gap", status="partial", in_walk=True),
        "stripe": Cell("asked for once more, then believed; a record is gone only if reading it alone says so", in_walk=True),
    },
}
RAILS = ("qbo", "ramp", "plaid", "stripe")


def page() -> str:
    """The text of docs/faults.md."""
    lines = [
        "# Faults",
        "",
        "What each misbehaviour of a vendor comes to, for the business it strikes; no other is touched by any of them. A test",
        "runs every cell against the sandbox (`tests/faults/test_matrix.py`), and this page is made from that test's table by",
        "`python -m tests.faults.matrix`. To see one: `rowcol sandbox fault ramp all throttle --count 3`, then `rowcol sync`.",
        "",
        "*Once*: it strikes one answer; the sync is complete all the same, or else fails as it would if it lasted. *While it",
        "lasts*: what the connection's outcome says, with its reason. Afterwards the next sync makes the change log what the vendor",
        "served: nothing lost, nothing twice.",
        "",
        "| fault | rail | once | while it lasts | what is done |",
        "|---|---|---|---|---|",
    ]
    for kind, cells in MATRIX.items():
        for rails, cell in _grouped(cells):
            named = ", ".join(rails)
            if isinstance(cell, Never):
                lines.append(f"| {kind} | {named} | - | - | cannot occur: {cell.why} |")
            else:
                lasting = f"{cell.status}, `{cell.reason}`" if cell.reason else "complete"
                once = "complete" if cell.once else lasting
                lines.append(f"| {kind} | {named} | {once} | {lasting} | {cell.told} |")
    return "\n".join(lines) + "\n"


def _grouped(cells: dict[str, Cell | Never]) -> list[tuple[list[str], Cell | Never]]:
    groups: list[tuple[list[str], Cell | Never]] = []
    for rail in RAILS:
        same = next((group for group in groups if group[1] == cells[rail]), None)
        if same:
            same[0].append(rail)
        else:
            groups.append(([rail], cells[rail]))
    return groups


if __name__ == "__main__":
    PAGE.write_text(page())
