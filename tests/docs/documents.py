"""The project's documents as text: which there are, what they name as code, and their tables.

Whether what they name exists is known by `tests.docs.inventory`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).parents[2]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_CELLS = re.compile(r"(?<!\\)\|")


@lru_cache(maxsize=1)
def documents() -> tuple[Path, ...]:
    """Every page written for people, the front page first."""
    found = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
    return (*found, ROOT / "tests" / "README.md", ROOT / "sandbox" / "README.md")


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a language; the empty one is commands to type."""
    return [body for name, body in _FENCE.findall(text) if name == language]


def code(text: str) -> list[str]:
    """What is named as code: inline spans, and the lines of command blocks."""
    lines = [line for block in blocks(text, "") for line in block.splitlines()]
    return _SPAN.findall(_FENCE.sub("", text)) + lines


def table(text: str, *headings: str) -> list[list[str]]:
    """The rows of the first table with these headings, cells stripped."""
    rows: list[list[str]] = []
    is_inside = False
    for line in text.splitlines():
        cells = [cell.strip().replace("\\|", "|") for cell in _CELLS.split(line.strip())[1:-1]]
        if cells == list(headings):
            is_inside = True
        elif is_inside and not cells:
            break
        elif is_inside and not set(cells[0]) <= {"-", ":", " "}:
            rows.append(cells)
    assert rows, f"there is no table with {headings}"
    return rows


def links(text: str) -> list[str]:
    """The targets of links to other pages of the project."""
    return [target.split("#")[0] for target in re.findall(r"\]\(([^)]+)\)", text) if "://" not in target]
