"""`rowcol sandbox …`: the rails' APIs on this machine. The worlds, the wire and the state are in `sandbox`, imported when used."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(no_args_is_help=True, help="The rails' APIs on this machine, over businesses whose truth is known.")

CSV_COLUMNS = ("business_id", "rail", "credentials", "base_url", "auth_url", "name", "timezone", "firm")


def _folder() -> Path:
    from ingestion.settings import load_settings

    return load_settings().sandbox_dir


@app.command()
def serve(
    seed: Annotated[
        int | None,
        typer.Option(help="What the world is made from; a home keeps the seed it began with.", show_default="the home's, else 1"),
    ] = None,
    businesses: Annotated[int | None, typer.Option(help="How many businesses, up to 1,000.", show_default="the home's, else 20")] = None,
    port: Annotated[int | None, typer.Option(help="QuickBooks' port; 0 takes a free one.", show_default="the home's, else 8470")] = None,
    recorded: Annotated[
        Path | None, typer.Option(help="Serve recorded companies: a folder per company, a JSON-lines file per entity.")
    ] = None,
    latency_ms: Annotated[int, typer.Option("--latency-ms", min=0, max=60_000, help="Milliseconds added to every answer.")] = 0,
    limits: Annotated[str, typer.Option(help="The vendor's throttles: on or off.")] = "on",
    webhooks: Annotated[
        str | None,
        typer.Option(
            help="The receiver that is told what happens, for example http://127.0.0.1:3010.", show_default="the home's, else none"
        ),
    ] = None,
    scale: Annotated[
        float | None, typer.Option(help="Multiplies the history each business has.", show_default="the home's, else 1")
    ] = None,
) -> None:
    """Serves the sandbox until it is stopped (Ctrl-C or SIGTERM). Day, tokens and faults lie in the home and survive."""
    from ingestion.errors import UsageError
    from sandbox.ports import DEFAULT_PORT
    from sandbox.serving import serve as run
    from sandbox.state import Config, stored_config

    if limits not in ("on", "off"):
        raise UsageError(f"--limits is on or off, not {limits!r}")
    folder = _folder()
    kept = stored_config(folder) or Config(port=DEFAULT_PORT)
    config = Config(
        seed=kept.seed if seed is None else seed,
        businesses=kept.businesses if businesses is None else businesses,
        scale=kept.scale if scale is None else scale,
        recorded=kept.recorded if recorded is None else str(recorded.absolute()),
        port=(kept.port or DEFAULT_PORT) if port is None else port,
    )
    run(folder, config, latency_ms=latency_ms, limits=limits == "on", webhooks=webhooks, announce=typer.echo)


@app.command()
def advance(
    days: Annotated[int, typer.Option(min=0, help="Days to let pass.")] = 0,
    minutes: Annotated[int, typer.Option(min=0, help="Minutes to let pass.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the clock as JSON.")] = False,
) -> None:
    """Lets time pass in the sandbox: business goes on, and the next sync sees what changed."""
    from sandbox.remote import steering

    with steering(_folder()) as sandbox:
        clock = sandbox.advance(days, minutes)
    typer.echo(json.dumps(clock) if as_json else f"it is {clock['now']} in the sandbox")


@app.command()
def touch(share: Annotated[float, typer.Option(min=0, max=1, help="Share of all transactions, 0 to 1.")] = 0.01) -> None:
    """Edits a share of every business's transactions; a minute passes."""
    from sandbox.remote import steering

    with steering(_folder()) as sandbox:
        clock = sandbox.touch(share)
    typer.echo(f"{share:.2%} of all transactions edited; it is {clock['now']} in the sandbox")


@app.command()
def truth(out: Annotated[Path, typer.Option(help="Folder for one Parquet file per table.")]) -> None:
    """Writes what really happened in the sandbox, as Parquet."""
    from sandbox.remote import steering
    from sandbox.truth import SCHEMAS

    out.mkdir(parents=True, exist_ok=True)
    with steering(_folder()) as sandbox:
        for table in SCHEMAS:
            (out / f"{table}.parquet").write_bytes(sandbox.truth(table))
    typer.echo(f"{len(SCHEMAS)} tables in {out}")


@app.command()
def fault(
    rail: Annotated[str, typer.Argument(help="The rail to disturb, for example qbo.")],
    business: Annotated[str, typer.Argument(help="A business id, or all.")],
    kind: Annotated[str, typer.Argument(help="The kind of fault; `clear` ends all faults of the business.")],
    rate: Annotated[float, typer.Option(help="Share of requests it strikes, above 0 to 1.")] = 1.0,
    count: Annotated[int | None, typer.Option(min=1, help="How often it strikes before it ends.", show_default="for ever")] = None,
    after: Annotated[int, typer.Option(min=0, help="How many requests it lets pass first, as in mid-walk.")] = 0,
) -> None:
    """Makes a rail misbehave for a business, or stop misbehaving."""
    from sandbox.remote import steering

    with steering(_folder()) as sandbox:
        told = sandbox.fault(rail, business, kind, rate, count, after)
    typer.echo(f"{told['cleared']} faults ended" if "cleared" in told else f"{rail} now has {kind} for {business}")


@app.command()
def credentials(out: Annotated[Path, typer.Option(help="Folder for the files; they hold secrets and are readable by you alone.")]) -> None:
    """Writes what `rowcol onboard --csv` takes: one JSON file per business and rail, and businesses.csv naming them.

    Beside them app.RAIL.json per rail, the keys that `rowcol connect --app` takes.
    """
    entries = all_credentials()
    write_credentials(out, entries)
    for entry in all_apps():
        _write_secret(out / f"app.{entry['rail']}.json", entry["app"])
    businesses = len({entry["business_id"] for entry in entries})
    typer.echo(f"{businesses} businesses with {len(entries)} connections in {out / 'businesses.csv'}")


def address() -> str | None:
    """Where the home's sandbox answers, None while it is not served."""
    from sandbox.remote import served_at

    return served_at(_folder())


def all_credentials() -> list[dict[str, Any]]:
    """One entry per business and rail of the home's sandbox, as `write_credentials` takes them."""
    from sandbox.remote import steering

    with steering(_folder()) as sandbox:
        return sandbox.credentials()


def all_apps() -> list[dict[str, Any]]:
    """One entry per rail of the home's sandbox: where it answers and the keys of the app that asks for consents there."""
    from sandbox.remote import steering

    with steering(_folder()) as sandbox:
        return sandbox.apps()


def write_credentials(out: Path, entries: Sequence[Mapping[str, Any]]) -> None:
    """Writes one file of credentials per entry and the CSV that names them."""
    out.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (out / "businesses.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, CSV_COLUMNS)
        writer.writeheader()
        for entry in entries:
            name = f"{entry['business_id']}.{entry['rail']}.json"
            _write_secret(out / name, entry["credentials"])
            writer.writerow({**{column: entry[column] for column in CSV_COLUMNS if column in entry}, "credentials": name})


def _write_secret(path: Path, content: Mapping[str, Any]) -> None:
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(json.dumps(content, indent=2) + "\n")
