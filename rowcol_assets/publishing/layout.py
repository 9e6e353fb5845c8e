"""Where generations lie, how one becomes current, and which are removed when.

`published/<advisor>` is a relative link to `published/.generations/<advisor>/<number>`. A generation is built in a
folder whose name ends in .building, renamed when it is whole and durable, and made current by renaming a new link over
the old one: a reader sees the former or the new one, never a part. What is in a generation is `build`'s subject.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingestion.errors import RowcolError
from ingestion.files import private_dir, sync_dir, sync_file

DATABASE = "rowcol_bi.duckdb"
MANIFEST = "manifest.json"
README = "README.md"
DIGEST = "digest.json"
DIGEST_TEXT = "digest.md"
DIGEST_PAGE = "digest.html"
WORKBOOK = "rowcol_bi.xlsx"
# What a generation has beside its tables: one that lacks some is published anew.
FILES = (DIGEST, DIGEST_TEXT, DIGEST_PAGE, WORKBOOK)
BUILDING = ".building"


@dataclass(frozen=True, slots=True)
class Home:
    """The published folder and one advisor's place in it."""

    published: Path
    advisor: str

    @property
    def link(self) -> Path:
        return self.published / self.advisor

    @property
    def generations(self) -> Path:
        return self.published / ".generations" / self.advisor


def advisors_on_disk(published: Path) -> list[str]:
    """Every advisor who has a link or generations, by id."""
    folder = published / ".generations"
    linked = (
        {entry.name for entry in published.iterdir() if entry.is_symlink() and not entry.name.startswith(".")}
        if published.is_dir()
        else set()
    )
    return sorted(linked | ({entry.name for entry in folder.iterdir()} if folder.is_dir() else set()))


def current(home: Home) -> Path | None:
    """The generation the link points to, if it is there.

    Read from the link and not resolved: the home may itself lie behind a link, and the path is compared with others.
    """
    return home.published / home.link.readlink() if home.link.is_symlink() and home.link.is_dir() else None


def manifest_of(generation: Path | None) -> dict[str, Any]:
    """The manifest of `generation`; empty when there is none that can be read, so that it is published anew."""
    if generation is None or not (generation / DATABASE).is_file():
        return {}
    try:
        manifest: dict[str, Any] = json.loads((generation / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return {}
    return manifest


def next_folder(home: Home) -> tuple[int, Path]:
    """The number of the next generation and an empty folder to build it in."""
    numbers = [int(entry.name) for entry in private_dir(home.generations).iterdir() if entry.name.isdecimal()]
    number = max(numbers, default=0) + 1
    return number, private_dir(home.generations / f"{number:06d}{BUILDING}")


def seal(folder: Path) -> Path:
    """Makes a built folder private, durable and whole by its name; returns where it now is."""
    for path in sorted(folder.rglob("*")):
        if path.is_dir():
            path.chmod(0o700)
            sync_dir(path)
        else:
            path.chmod(0o600)
            sync_file(path)
    sync_dir(folder)
    sealed = folder.with_name(folder.name.removesuffix(BUILDING))
    folder.rename(sealed)
    sync_dir(sealed.parent)
    return sealed


def make_current(home: Home, generation: Path) -> None:
    """Lets the advisor's link point to `generation`, in one step."""
    if home.link.exists() and not home.link.is_symlink():
        raise RowcolError(f"{home.link} is not the link that publishing made: move it away")
    beside = home.published / f".{home.advisor}.link"
    beside.unlink(missing_ok=True)
    beside.symlink_to(generation.relative_to(home.published))
    beside.replace(home.link)
    sync_dir(home.published)


def remove_others(home: Home, *keep: Path | None) -> None:
    """Removes what a crash left half-built and every generation but those in `keep`."""
    (home.published / f".{home.advisor}.link").unlink(missing_ok=True)
    if home.generations.is_dir():
        for entry in home.generations.iterdir():
            if entry not in keep:
                shutil.rmtree(entry)


def clear_former(home: Home, present: Path, former: Path | None, *, shows_too_much: bool) -> str | None:
    """Leaves `former` for readers on their way to it, with the files of `present` where it shows too much, and nothing older.

    A former generation that shows too much and cannot be overwritten is removed. What could not be done is returned in words and not
    raised: `present` is published by then.
    """
    kept, refused = former, None
    if former and shows_too_much:
        try:
            overwrite(former, present)
        except OSError as error:
            kept, refused = None, _said(error)
    try:
        remove_others(home, present, kept)
    except OSError as error:
        if refused:
            return f"they can neither be overwritten nor removed and still show clients granted no more: {refused}, {_said(error)}"
        return f"older ones cannot be removed: {_said(error)}"
    return f"they are removed, since they cannot be overwritten: {refused}" if refused else None


def _said(error: OSError) -> str:
    """Which file an error is about, of two the one that was to be made, and what the system says of it."""
    return f"{error.filename2 or error.filename or 'a file'} ({error.strerror})"


def overwrite(former: Path, present: Path) -> None:
    """Puts the files of `present` in the place of those of `former`, one by one and each in one step; what it lacks goes.

    A reader follows the link first and opens the file then: where the folder were gone in between, it would meet an error.
    """
    for path in sorted(path for path in former.rglob("*") if path.is_file()):
        counterpart = present / path.relative_to(former)
        if not counterpart.is_file():
            path.unlink()
            continue
        beside = path.with_name(f".{path.name}")
        beside.unlink(missing_ok=True)
        beside.hardlink_to(counterpart)
        beside.replace(path)
    for folder in (former, *(path for path in former.rglob("*") if path.is_dir())):
        sync_dir(folder)


def remove_advisor(home: Home) -> None:
    """Takes everything of an advisor away; the link first, so that nothing half-removed is ever reached."""
    if home.link.is_symlink():
        home.link.unlink()
        sync_dir(home.published)
    shutil.rmtree(home.generations, ignore_errors=True)
