"""`rowcol verify-log`: checks the transaction log against itself and its anchors. How: `rowcol_assets.audit.verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

FIELDS = ("events", "businesses", "checkpoints", "found", "problems")


def command(
    audit: Annotated[Path | None, typer.Option(help="The folder of sealed files; that of the home if not given.")] = None,
    anchors: Annotated[Path | None, typer.Option(help="The folder of signed checkpoints; ROWCOL_ANCHORS if not given.")] = None,
    expect: Annotated[str | None, typer.Option(help="A root remembered elsewhere, hexadecimal or base64.")] = None,
    prove: Annotated[str | None, typer.Option(help="An event's id: print the proof that the log holds it, and check no more.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
) -> None:
    """Check that no event was changed, removed, inserted, moved or cut off since it was recorded; 0 intact, 1 not.

    With --prove the event's chain hash is told on stderr and the proof (C2SP tlog-proof) printed, which the anchors' public key
    checks without the log.

    Examples: `rowcol verify-log`, `rowcol verify-log --prove EVENT_ID > event.tlog-proof`,
    `rowcol verify-log --audit /copy/audit --anchors /elsewhere/anchors --expect ROOT`.
    """
    from ingestion.errors import UsageError
    from ingestion.settings import load_settings
    from rowcol_assets.audit.verify import parse_root, verify
    from rowcol_assets.cli.output import show_json

    settings = load_settings()
    folder = audit or settings.audit_dir
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder of a transaction log: the first cycle makes it")
    signed = anchors or (settings.anchors_dir if audit is None else audit / "anchors")
    if prove is not None:
        _show_proof(folder, signed, prove)
        return
    try:
        root = parse_root(expect) if expect else None
    except ValueError:
        raise UsageError("--expect takes a root: 32 bytes, hexadecimal or base64") from None
    verdict = verify(folder, signed, root)
    if as_json:
        show_json([{"is_intact": verdict.is_intact, **{name: getattr(verdict, name) for name in FIELDS}, "root": verdict.root.hex()}])
    else:
        for problem in verdict.problems:
            typer.echo(problem)
        more = verdict.found - len(verdict.problems)
        if more:
            typer.echo(f"and {more:,} more")
        state = "intact" if verdict.is_intact else "NOT intact"
        typer.echo(f"{state}: {verdict.events:,} events of {verdict.businesses:,} businesses, {verdict.checkpoints:,} checkpoints")
        typer.echo(f"root {verdict.root.hex()}")
    if not verdict.is_intact:
        raise typer.Exit(1)


def _show_proof(folder: Path, anchors: Path, event_id: str) -> None:
    from ingestion.errors import RowcolError
    from rowcol_assets.audit.proof import BadProof, prove

    try:
        entry, proof = prove(folder, anchors, event_id)
    except BadProof as error:
        raise RowcolError(str(error)) from None
    typer.echo(f"chain hash {entry.hex()}", err=True)
    typer.echo(proof, nl=False)
