"""Links on a page, as SQL that makes HTML anchors: to a record where it is kept, and to other pages with the client chosen.

Superset shows them where a table may show HTML; its sanitizer lets an anchor's address begin with a scheme of the web, or here.
"""

from __future__ import annotations

from collections.abc import Sequence

# The client filter of every page, by the name Superset gives it in an address.
CLIENT_FILTER = "NATIVE_FILTER-client"


def plain(sql: str) -> str:
    """A text in which no `<` begins a tag: behind each stands a character nobody sees. Tables that show links show HTML."""
    return f"replace({sql}, '<', '<' || chr(8203))"


def address(slug: str) -> str:
    """Where a page is."""
    return f"/superset/dashboard/{slug}/"


def to_record(column: str = "source_url") -> str:
    """A link to the address in `column`; NULL where there is none. It is opened beside the page."""
    escaped = f"replace(replace({column}, '\"', '%22'), '<', '%3C')"
    return f"'<a href=\"' || {escaped} || '\" target=\"_blank\">open</a>'"


def to_pages(pages: Sequence[tuple[str, str]]) -> str:
    """Links to `pages`, by slug and word, narrowed to the row's client."""
    return " || ' &middot; ' || ".join(
        f"'<a href=\"{address(slug)}?native_filters=' || {_CHOSEN} || '\">{word}</a>'" for slug, word in pages
    )


# A filter's state in Rison, which escapes by an exclamation mark, and that for an address.
_VALUE = "replace(replace(client, '!', '!!'), '''', '!''')"
_CHOSEN = (
    f"url_encode('({CLIENT_FILTER}:(extraFormData:(filters:!((col:client,op:IN,val:!(''' || {_VALUE} || ''')))),"
    f"filterState:(label:''' || {_VALUE} || ''',value:!(''' || {_VALUE} || ''')),id:{CLIENT_FILTER},ownState:()))')"
)
