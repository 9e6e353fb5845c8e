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
    growth: Annotated[
        str | None,
        typer.Option(metavar="FROM[:TO]", help="Print the proof that the log only grew between these checkpoints, by their events."),
    ] = None,
    check: Annotated[Path | None, typer.Option(help="A proof of growth to check, with --kept.")] = None,
    kept: Annotated[Path | None, typer.Option(help="The checkpoint that was kept, to check a proof of growth with.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
) -> None:
    """Check that no event was changed, removed, inserted, moved or cut off since it was recorded; 0 intact, 1 not.

    It says which key signed which checkpoints: the first key's word on the next one, and so on.

    With --prove the event's chain hash is told on stderr and the proof (C2SP tlog-proof) printed, which the anchors' public keys
    check without the log. With --growth the hashes that lead from an older checkpoint to a newer one are printed (the form of
    C2SP tlog-witness); --check with --kept tells whoever kept the older one that nothing it covers was changed, without the log.

    Examples: `rowcol verify-log`, `rowcol verify-log --prove EVENT_ID > event.tlog-proof`,
    `rowcol verify-log --growth 1200 > growth`, `rowcol verify-log --check growth --kept checkpoint-000000001200`,
    `rowcol verify-log --audit /copy/audit --anchors /elsewhere/anchors --expect ROOT`.
    """
    from ingestion.errors import UsageError
    from ingestion.settings import load_settings
    from rowcol_assets.audit.verify import parse_root, verify
    from rowcol_assets.cli.output import show_json

    settings = load_settings()
    folder = audit or settings.audit_dir
    signed = anchors or (settings.anchors_dir if audit is None else audit / "anchors")
    if check is not None or kept is not None:
        if check is None or kept is None:
            raise UsageError("a proof of growth is checked with both: --check PROOF --kept CHECKPOINT")
        _check_growth(signed, check, kept)
        return
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder of a transaction log: the first cycle makes it")
    if growth is not None:
        _show_growth(folder, signed, growth)
        return
    if prove is not None:
        _show_proof(folder, signed, prove)
        return
    try:
        root = parse_root(expect) if expect else None
    except ValueError:
        raise UsageError("--expect takes a root: 32 bytes, hexadecimal or base64") from None
    verdict = verify(folder, signed, root)
    if as_json:
        told = {name: getattr(verdict, name) for name in FIELDS}
        keys = [{"key": key.verifier, "checkpoints": key.signed, "first": key.first, "last": key.last} for key in verdict.keys]
        show_json([{"is_intact": verdict.is_intact, **told, "root": verdict.root.hex(), "keys": keys}])
    else:
        for problem in verdict.problems:
            typer.echo(problem)
        more = verdict.found - len(verdict.problems)
        if more:
            typer.echo(f"and {more:,} more")
        state = "intact" if verdict.is_intact else "NOT intact"
        typer.echo(f"{state}: {verdict.events:,} events of {verdict.businesses:,} businesses, {verdict.checkpoints:,} checkpoints")
        typer.echo(f"root {verdict.root.hex()}")
        for key in verdict.keys:
            if key.signed:
                number = "1 checkpoint" if key.signed == 1 else f"{key.signed:,} checkpoints"
                typer.echo(f"key {key.name} signed {number}, from {key.first:,} to {key.last:,} events")
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


def _show_growth(folder: Path, anchors: Path, between: str) -> None:
    from ingestion.errors import RowcolError, UsageError
    from rowcol_assets.audit.proof import BadProof, prove_growth

    older, _, newer = between.partition(":")
    if not older.isdecimal() or (newer and not newer.isdecimal()):
        raise UsageError("--growth takes the events of one checkpoint or two, like 1200 or 1200:4800")
    try:
        proof = prove_growth(folder, anchors, int(older), int(newer) if newer else None)
    except BadProof as error:
        raise RowcolError(str(error)) from None
    typer.echo(proof, nl=False)


def _check_growth(anchors: Path, proof: Path, kept: Path) -> None:
    from ingestion.errors import RowcolError, UsageError
    from rowcol_assets.audit.checkpoint import BadCheckpoint
    from rowcol_assets.audit.keys import keys_of
    from rowcol_assets.audit.proof import BadProof, check_growth

    try:
        older_note, shown = kept.read_text(), proof.read_text()
        keys = keys_of(anchors)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{getattr(error, 'filename', None) or 'a file'} cannot be read as text") from None
    except BadCheckpoint as error:
        raise RowcolError(f"the keys of {anchors} cannot be believed: {error}") from None
    try:
        older, newer = check_growth(older_note, shown, keys)
    except BadProof as error:
        raise RowcolError(f"the proof does not hold: {error}") from None
    typer.echo(f"the first {older:,} of {newer:,} events are those that the kept checkpoint covers")
