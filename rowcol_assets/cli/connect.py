"""`rowcol connect`: the vendor's own consent, then a first reading and what the checks say. The flow is in `ingestion.connecting`."""

from __future__ import annotations

import sys
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ingestion.errors import UsageError
from ingestion.identifiers import check_url

if TYPE_CHECKING:
    from ingestion.connecting import Desk
    from ingestion.consent import App
    from ingestion.control import ControlStore
    from ingestion.promise import RailPromise
    from ingestion.settings import Settings

Say = Callable[[str], None]


def command(
    business: Annotated[str, typer.Argument(help="Business id: lower-case letters, digits, - and _.")],
    rail: Annotated[str, typer.Option(help="Which rail: qbo, ramp, plaid or stripe.")],
    connection: Annotated[str | None, typer.Option(help="Give the consent of this connection again.")] = None,
    further: Annotated[bool, typer.Option("--new", help="One more connection, where the business has some and one is broken.")] = False,
    app: Annotated[
        str | None, typer.Option(metavar="FILE|-", help="The keys of your app at the vendor, JSON; kept for the next time.")
    ] = None,
    base_url: Annotated[str | None, typer.Option(help="With --app: the rail's address; plain http only for this machine.")] = None,
    auth_url: Annotated[str | None, typer.Option(help="With --app: where tokens are had, when elsewhere.")] = None,
    consent_url: Annotated[str | None, typer.Option(help="With --app: where the consent page is, when elsewhere.")] = None,
    name: Annotated[str | None, typer.Option(help="The business's name.")] = None,
    timezone: Annotated[str | None, typer.Option(help="Its time zone, for example America/New_York.")] = None,
    firm: Annotated[str | None, typer.Option(help="The accounting firm it belongs to.")] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the page's address only.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on this machine for the answer; 0 takes a free one.")] = 0,
    redirect_uri: Annotated[
        str | None, typer.Option(help="The address registered at the vendor for the answer, where it is not this machine's own.")
    ] = None,
    paste: Annotated[bool, typer.Option("--paste", help="Read the address on which the browser ended from standard input.")] = False,
    timeout: Annotated[float, typer.Option(min=1, max=3600, help="Seconds to wait for the answer.")] = 300,
    no_backfill: Annotated[bool, typer.Option("--no-backfill", help="Connect only; the next run reads it.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list, one object per connection.")] = False,
) -> None:
    """Connect a business by the vendor's own consent, or renew the consent of a connection that is broken.

    Opens the vendor's page, waits for the answer on this machine, checks whose it is, then reads everything and says what the
    checks found. Examples: `rowcol connect acme --rail qbo --app intuit.json`, `rowcol connect acme --rail plaid --no-browser`.
    """
    from ingestion.connecting import Wanted, connect
    from ingestion.control import open_store
    from ingestion.control.keeping import Profile
    from ingestion.registry import rail_promise
    from ingestion.settings import load_settings
    from rowcol_assets.cli.connected import finish
    from rowcol_assets.cli.webhooks import subscribed

    if paste and not redirect_uri:
        raise UsageError("--paste needs --redirect-uri: the address registered at the vendor, on which the browser ends")
    if paste and app == "-":
        raise UsageError("--paste and --app - both read standard input: hand in the app's keys as a file")
    if redirect_uri:
        check_url("--redirect-uri", redirect_uri)
    settings, promise = load_settings(), rail_promise(rail)
    say = (lambda line: typer.echo(line, err=True)) if as_json else typer.echo
    with open_store(settings) as store:
        ours = _app(settings, store, promise, app, {"base_url": base_url, "auth_url": auth_url, "consent_url": consent_url})
        wanted = Wanted(business, rail, connection, further, Profile(name, timezone, firm))
        with _desk(promise, say, port=port, redirect_uri=redirect_uri, is_pasted=paste, is_opened=not no_browser, seconds=timeout) as desk:
            done = connect(settings, store, wanted, ours, desk)
        for row in subscribed(settings, store, promise, business):
            typer.echo(f"webhooks of {row['connection_id']}: {row['outcome']}", err=True)
    finish(settings, done, is_read=not no_backfill, as_json=as_json)


def _app(settings: Settings, store: ControlStore, promise: RailPromise, file: str | None, given: dict[str, str | None]) -> App:
    """The app's keys: as handed in now, as kept, or the sandbox's own in a home that has one."""
    from ingestion.consent import App, Place, steps_of
    from ingestion.control.apps import app_of, put_app
    from ingestion.control.intake import check_fields, find_host

    steps_of(promise)
    form = promise.consent
    assert form is not None, "a rail with steps has a form"
    what = f"the keys of the {promise.name} app"
    if file is None:
        if any(given.values()):
            raise UsageError("--base-url, --auth-url and --consent-url go with --app: they are kept with it")
        kept = app_of(store, promise.name)
        if kept is None:
            kept = _sandbox_app(settings, promise)
        if kept is None:
            raise UsageError(f"{what} are not known: make an app at {promise.title} and hand in --app FILE with {', '.join(form.required)}")
        return kept
    keys = check_fields(what, form.required, form.optional, _read(file, what))
    host = find_host(promise, given["base_url"], given["auth_url"])
    beside = form.url if host.auth_url == promise.credentials.auth_url else host.auth_url
    page = given["consent_url"]
    app = App(Place(host.base_url, host.auth_url, check_url("--consent-url", page) if page else beside), keys)
    put_app(store, promise.name, app)
    return app


def _sandbox_app(settings: Settings, promise: RailPromise) -> App | None:
    from ingestion.consent import App, Place

    if not (settings.sandbox_dir / "sandbox.json").exists():
        return None
    from rowcol_assets.cli.sandbox import all_apps

    found = next((entry for entry in all_apps() if entry["rail"] == promise.name), None)
    return App(Place(found["base_url"], found["base_url"], found["base_url"]), found["app"]) if found else None


def _read(file: str, what: str) -> dict[str, Any]:
    from ingestion.control.onboarding_csv import parse_credentials, read_credentials

    return parse_credentials(sys.stdin.read(), "standard input") if file == "-" else read_credentials(Path(file))


@contextmanager
def _desk(
    promise: RailPromise, say: Say, *, port: int, redirect_uri: str | None, is_pasted: bool, is_opened: bool, seconds: float
) -> Iterator[Desk]:
    """How the person is asked and answers: a page in the browser, and this machine's port or a pasted address."""
    from ingestion.callback import Callback, read_redirect
    from ingestion.connecting import Desk, new_state

    def show(url: str) -> None:
        say(f"Give the consent at {promise.title}: {url}")
        sys.stdout.flush()
        if is_opened:
            _open(url)

    state = new_state()
    if is_pasted:
        assert redirect_uri is not None, "checked with the options"

        def pasted() -> dict[str, str]:
            typer.echo("Paste the address on which the browser ended:", err=True)
            return read_redirect(sys.stdin.readline(), state)

        yield Desk(redirect_uri, state, show, pasted)
        return
    with Callback(state, port, redirect_uri) as callback:
        yield Desk(callback.redirect_uri, state, show, lambda: callback.wait(seconds))


def _open(url: str) -> None:
    """Opens the page where there is a browser with a window; one that runs in the terminal would take it away from us."""
    with suppress(webbrowser.Error):
        browser = webbrowser.get()
        if type(browser) is not webbrowser.GenericBrowser:
            browser.open(url)
