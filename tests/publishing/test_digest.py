"""The digest: what it says of rows is a golden file, names in it are nothing but names, and it lies beside the published file."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from rowcol_assets.publishing.digest import Digest, digest_json, make_digest
from rowcol_assets.publishing.digest_page import digest_page
from rowcol_assets.publishing.digest_text import digest_markdown, plain
from tests.publishing.published import manifest
from tests.publishing.world import World

GOLDEN = Path(__file__).parent / "golden"
DAY = date(2026, 6, 30)
HOSTILE = (
    "<script>alert('x')</script>",
    "[pay here](javascript:alert(1)) | cell | **bold**",
    "# Not a heading\n\n* not an item\n<img src=x onerror=alert(1)>",
    "![pixel](https://evil.example/p.png) <https://evil.example> www.evil.example ann@evil.example &lt;b&gt;",
    "1. not a list",
    "- `code` ~~gone~~ \\",
    "---",
    "moc.live\u202e \u2066evil\u2069 \x1b[31m\x00",
    "O'Brien & Søn GmbH (Köln) $5^2",
)


def row(business_id: str, **values: Any) -> dict[str, Any]:
    given = {
        "business_id": business_id,
        "business_name": business_id.title(),
        "as_of_date": DAY,
        "currency": "USD",
        "cash": Decimal("12345.60"),
        "runway_days": Decimal("44.05"),
        "buffer_days": Decimal("38.00"),
        "overdue_ap_amount": Decimal("0.00"),
        "overdue_ar_amount": Decimal("1234567.89"),
        "publish_state": "current",
        "colour": "green",
        "attention": "fine",
        "top_issues": None,
        "changed_since_last_week": "nothing changed",
        "compared_to_date": date(2026, 6, 23),
    }
    return given | values


def bill(number: int, party: str = "Paper Mill") -> dict[str, Any]:
    due = f"2026-07-{number:02}"
    return {
        "vendor_name": party,
        "document_number": f"B-{number}",
        "due_date": due,
        "days_past_due": -number,
        "open_amount": number + 0.25,
        "currency": "EUR",
    }


def digest_of(*portfolio: dict[str, Any], lists: list[dict[str, Any]] | None = None) -> Digest:
    return make_digest("ann@harbor.example", DAY, datetime(2026, 6, 30, 12, tzinfo=UTC), portfolio, lists or [])


def example() -> Digest:
    """Four clients in the order of a table, which is not that of the digest."""
    invoice = '{"due_date":"2026-06-29","days_past_due":1,"open_amount":10000000000100,"asked_amount":10000000000000.01,"currency":"USD"}'
    paid = '{"customer_name":"Bob Ltd","document_number":"L-7","due_date":"2026-06-01","days_past_due":29,"open_amount":70.00}'
    given_up = '{"customer_name":"Cy Ltd","document_number":"L-8","due_date":"2026-05-01","days_past_due":60,"open_amount":60.00}'
    lists = {
        "business_id": "bolt",
        "payment_ready_count": 4,
        "payment_ready_amount": Decimal("1.00"),
        "payment_ready_bills": json.dumps([bill(number) for number in (1, 2, 3, 4)]),
        "overdue_asked_count": 1,
        "overdue_asked_amount": Decimal("10000000000000.01"),
        "overdue_asked_invoices": f"[{invoice}]",
        "overdue_paid_count": 1,
        "overdue_paid_amount": Decimal("70.00"),
        "overdue_paid_invoices": f"[{paid}]",
        "overdue_uncollectible_count": 1,
        "overdue_uncollectible_amount": Decimal("60.00"),
        "overdue_uncollectible_invoices": f"[{given_up}]",
    }
    return digest_of(
        row("acme"),
        row("bolt", colour="amber", attention="watch", top_issues='money lasts 20.0 days; 2 flags "paid twice"', runway_days=Decimal(20)),
        row("cog", colour="grey", attention="not known", cash=None, runway_days=None, publish_state="held", held_reason="H40; H42"),
        row(
            "dyno",
            colour="red",
            attention="act now",
            changed_since_last_week="cash fell from 9 to 1 USD; 1 new flag",
            runway_days=Decimal(2),
        ),
        lists=[lists],
    )


def test_the_digest_is_the_golden_file_as_text_and_as_data() -> None:
    digest = example()
    assert digest_markdown(digest) == (GOLDEN / "digest.md").read_text()
    assert digest_page(digest) == (GOLDEN / "digest.html").read_text()
    assert digest_json(digest).decode() == (GOLDEN / "digest.json").read_text()


def test_what_is_not_in_a_sum_for_lack_of_a_rate_is_said_beside_it() -> None:
    bills = [bill(1) | {"home_open_amount": 1.5}, bill(2) | {"home_open_amount": None}]
    late = '[{"asked_amount":null},{"asked_amount":null},{"asked_amount":7}]'
    lists = {
        "business_id": "acme", "payment_ready_count": 2, "payment_ready_amount": Decimal("1.50"), "payment_ready_bills": json.dumps(bills),
        "overdue_asked_count": 3, "overdue_asked_amount": Decimal("7.00"), "overdue_asked_invoices": late,
    }  # fmt: skip
    digest = digest_of(row("acme"), lists=[lists])
    for shown in (digest_markdown(digest), digest_page(digest)):
        assert "2 bills can be paid, together 1.50 USD, without 1 whose amount in that currency is not known:" in shown
        assert "together 7.00 USD, without 2 whose amount in that currency is not known:" in shown


def test_that_nothing_changed_is_said_only_when_it_holds_of_every_client() -> None:
    line = "Nothing changed since last week."
    assert line in digest_markdown(digest_of(row("acme"), row("bolt"))).splitlines()
    for other in ("cash rose from 1 to 2 USD", "not comparable: no day of a week ago is on record yet", None):
        changed = digest_of(row("acme"), row("bolt", changed_since_last_week=other))
        assert not changed.nothing_changed and line not in digest_markdown(changed)
    empty = digest_of()
    assert not empty.nothing_changed and "No client is granted to you." in digest_markdown(empty)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_shown_and_never_done(name: str) -> None:
    """A real Markdown parser finds the text of each name and the very blocks it finds around a harmless one."""
    shown, harmless = (_parsed(_named(text)) for text in (name, "Plain Name"))
    assert shown[0] == harmless[0]
    visible = " ".join("".join(c for c in name if c not in "\x1b\x00\u202e\u2066\u2069").split())
    assert shown[1].count(visible) == harmless[1].count("Plain Name") == 4
    assert json.loads(digest_json(_named(name)))["clients"][0]["name"] == name


def _named(name: str) -> Digest:
    lists = {"business_id": "acme", "payment_ready_count": 1, "payment_ready_bills": json.dumps([bill(1, name)])}
    return digest_of(row("acme", business_name=name, publish_state="held", held_reason=name), lists=[lists])


def _parsed(digest: Digest) -> tuple[list[str], str]:
    """The kinds of all tokens, inline ones too, and the text a reader sees."""
    kinds, text = [], []
    for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(digest_markdown(digest)):
        inner = [child for child in token.children or [] if child.type not in ("text", "text_special")]
        kinds += [token.type, *(child.type for child in inner)]
        text.append("".join(child.content for child in token.children or []))
    return kinds, "\n".join(text)


@pytest.mark.parametrize("name", HOSTILE)
def test_the_page_shows_a_name_and_is_built_the_same_around_it(name: str) -> None:
    shown, harmless = (_read(_named(text)) for text in (name, "Plain Name"))
    assert shown.tags == harmless.tags
    visible = " ".join("".join(c for c in name if c not in "\x1b\x00\u202e\u2066\u2069").split())
    assert "".join(shown.text).count(visible) == "".join(harmless.text).count("Plain Name") == 3


def test_the_page_runs_nothing_and_fetches_nothing() -> None:
    page = _read(example())
    attributes = {name for _, found in page.tags for name, _ in found}
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "link", "img", "iframe", "object", "a", "form", "base"})
    assert attributes <= {"lang", "charset", "name", "content", "http-equiv", "class"}
    assert "url(" not in digest_page(example()) and "@import" not in digest_page(example())


class _Reader(HTMLParser):
    """Tags with their attributes, and the text outside the head."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.text: list[str] = []
        self.is_body = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))
        self.is_body |= tag == "body"

    def handle_data(self, data: str) -> None:
        if self.is_body:
            self.text.append(data)


def _read(digest: Digest) -> _Reader:
    reader = _Reader()
    reader.feed(digest_page(digest))
    return reader


def test_words_are_not_marked_up_needlessly() -> None:
    assert plain("cash fell from 1,000 to 9.5 USD; O'Brien (Köln) - 50%") == "cash fell from 1,000 to 9.5 USD; O'Brien (Köln) - 50%"


def test_it_lies_beside_the_published_file_for_granted_businesses_alone_and_says_who_is_held(world: World) -> None:
    world.publish()
    world.hold("bolt", "check <b>H40</b>")
    world.publish()
    folder = world.folder("ann")
    told = json.loads((folder / "digest.json").read_text())
    assert [client["business_id"] for client in told["clients"]] == ["acme", "bolt"]
    assert told["clients"][1]["issues"] == ["held at the last good state: check <b>H40</b>"]
    text = (folder / "digest.md").read_text()
    assert "## Bolt: not known" in text and "check \\<b\\>H40" in text and "Cog" not in text
    for name, entry in manifest(world, "ann")["files"].items():
        body = (folder / name).read_bytes()
        assert entry == {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
