"""Reads one list page by page to its end, whatever happens to it meanwhile. Which lists: `lists`; deletions: `gone`.

A page starts behind the last record of the page before. What the vendor does when that record is archived in between is
not documented, so a page that is refused or empty is asked for behind the record before, and if that does not help either
the walk begins again. What is read twice adds nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import httpx

from ingestion.fetching import RailError
from ingestion.rails.ramp.client import RampClient, RecordNotFound, SlowPage
from ingestion.rails.ramp.wire import Form, Page, Record, split_page

PAGE_SIZE = 100
SMALLEST_PAGE = 12
WALK_ATTEMPTS = 3

Keep = Callable[[Sequence[Record]], None]


class _BeginAgain(Exception):
    """The list changed under the walk."""


class ListReader:
    """Reads the lists of one entity; `form` says what of a record is looked at."""

    def __init__(self, client: RampClient, form: Form) -> None:
        self._client = client
        self._form = form
        # Stays small once a page was slow: what made it slow is the same on the next one.
        self._size = PAGE_SIZE

    async def read(
        self, path: str, parameters: Mapping[str, str], keep: Keep, *, confirm_empty: bool = False, may_be_missing: bool = False
    ) -> None:
        """Hands each page's records to `keep`.

        confirm_empty: a list that seems empty is asked for once more. may_be_missing: see the client. RailError besides the
        client's: page_gap when the list could not be read to its end.
        """
        for _ in range(WALK_ATTEMPTS):
            try:
                await self._read_once(path, parameters, keep, confirm_empty, may_be_missing)
            except _BeginAgain:
                continue
            return
        raise RailError("page_gap", f"the list {path} changed under {WALK_ATTEMPTS} walks, so its end was not reached")

    async def _read_once(self, path: str, parameters: Mapping[str, str], keep: Keep, confirm_empty: bool, may_be_missing: bool) -> None:
        url = self._client.address(path, {**parameters, "page_size": str(PAGE_SIZE)})
        page = await self._page(url, may_be_missing)
        if confirm_empty and not page.records:
            page = await self._page(url, may_be_missing)
        followed: set[str] = set()
        while True:
            keep(page.records)
            if not page.next_url:
                return
            if page.next_url in followed or not page.records:
                raise _BeginAgain
            followed.add(page.next_url)
            page = await self._next(self._client.checked(page.next_url), page.records)

    async def _next(self, url: httpx.URL, before: Sequence[Record]) -> Page:
        try:
            page = await self._page(url, may_be_missing=True)
            if page.records:
                return page
        except RailError as error:
            if not _is_stale_start(error):
                raise
        if len(before) < 2:
            raise _BeginAgain
        try:
            page = await self._page(url.copy_set_param("start", before[-2].record_id), may_be_missing=True)
        except RailError as error:
            if not _is_stale_start(error):
                raise
            raise _BeginAgain from None
        if not page.records:
            raise _BeginAgain
        return page

    async def _page(self, url: httpx.URL, may_be_missing: bool) -> Page:
        while True:
            try:
                return await self._client.get(
                    url.copy_set_param("page_size", str(self._size)) if self._size < PAGE_SIZE else url,
                    self._split,
                    may_be_missing=may_be_missing,
                    may_shrink=self._size > SMALLEST_PAGE,
                )
            except SlowPage:
                self._size //= 2

    def _split(self, body: bytes) -> Page:
        page = split_page(body, self._form)
        if page.next_url:
            self._client.checked(page.next_url)
        return page


def _is_stale_start(error: RailError) -> bool:
    return isinstance(error, RecordNotFound) or error.kind == "refused"
