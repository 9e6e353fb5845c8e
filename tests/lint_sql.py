"""sqlfluff's own command with garbage looked for as rarely as in the platform: the marts took 17 s of a processor, and take 15.

`make lint` calls it. What is linted how is in `.sqlfluff` and `.sqlfluffignore`.
"""

from __future__ import annotations

from sqlfluff.cli.commands import cli

from rowcol_assets.collector import collect_rarely

if __name__ == "__main__":
    collect_rarely()
    cli()
