"""sqlfluff's own command, without what it does to no end here: `make lint` calls it.

Garbage is looked for as rarely as in the platform (the marts took 17 s of a processor, and take 15). A file that reads the same
whichever way its templates branch is linted once: the branches of most models lie in macros, and sqlfluff lints two renderings of each,
equal to the letter (the staging models took 43 s, and take 24). What is linted how is in `.sqlfluff` and `.sqlfluffignore`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlfluff.cli.commands import cli
from sqlfluff.core.templaters import JinjaTemplater, TemplatedFile

from rowcol_assets.collector import collect_rarely

_render = JinjaTemplater.process_with_variants


def _distinct(self: JinjaTemplater, **asked: Any) -> Iterator[tuple[TemplatedFile, list[Any]]]:
    """The renderings of a file that read otherwise than those before, or could not be made without errors."""
    met = set()
    for rendered, errors in _render(self, **asked):
        text = rendered.templated_str if rendered else None
        if errors or text not in met:
            met.add(text)
            yield rendered, errors


if __name__ == "__main__":
    collect_rarely()
    JinjaTemplater.process_with_variants = _distinct  # type: ignore[method-assign]
    cli()
