"""The sandbox as a whole: its state, its companies (generated on first use) and the operations that move it.

HTTP and command line call the same functions here. The wire: `sandbox.qbo`; truth tables: `sandbox.truth`.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from ingestion.errors import UsageError
from sandbox.faults import Faults
from sandbox.ports import DEFAULT_PORT, HOST
from sandbox.qbo import oauth
from sandbox.qbo.company import Company, GeneratedCompany
from sandbox.rails import NAMES, SandboxRail, sandbox_rails
from sandbox.recorded import RecordedCompany, load_recorded
from sandbox.seeds import seeded_dice
from sandbox.served import ServedLog
from sandbox.state import DEFAULT_OPTIONS, Config, State
from sandbox.webhooks import Delivery, stays_here
from sandbox.world.identity import FIRMS, business_at
from sandbox.world.model import World

LONGEST_ADVANCE = 400 * 24 * 60


@dataclass(frozen=True, slots=True)
class Listing:
    """One business as the sandbox offers it."""

    index: int
    business_id: str
    name: str
    realm: str
    timezone: str
    firm: str


class Office(Protocol):
    """A rail's own books over all businesses."""

    def close(self) -> None:
        """Lets go of its files."""


class Hub:
    """Everything behind the wire. `company` is the one door to a business's tables, always at the present instant."""

    def __init__(self, folder: Path, config: Config) -> None:
        # Before the state settles what this home's sandbox is: a folder that is none must not become it.
        recorded = load_recorded(Path(config.recorded)) if config.recorded else []
        self.state = State(folder, config)
        self.config = self.state.config
        self.served = ServedLog(folder / "served.bin")
        self._companies: dict[str, Company] = {}
        # What a rail keeps of its own beside the ledger, by its name; closed with the hub.
        self.offices: dict[str, Office] = {}
        # Webhooks that answer a call instead of telling what happened, with their rails; the postman takes them away.
        self.errands: list[tuple[str, Delivery]] = []
        if recorded:
            self._companies = {company.realm: company for company in recorded}
            self.listings = [_listing(index, company) for index, company in enumerate(recorded)]
            if not self.state.memory.operations:
                self.state.remember("recorded_clock", at=max(company.newest for company in recorded))
        else:
            businesses = [business_at(self.config.seed, index) for index in range(self.config.businesses)]
            self.listings = [Listing(one.index, one.business_id, one.name, one.realm, one.timezone, one.firm) for one in businesses]
        self.by_realm: Mapping[str, Listing] = {listing.realm: listing for listing in self.listings}
        self.by_business: Mapping[str, Listing] = {listing.business_id: listing for listing in self.listings}
        dice = seeded_dice(self.config.seed, "faults")
        self.faults = Faults(self.state, self.by_business, dice, is_recorded=bool(self.config.recorded))
        self.client = oauth.app_credentials(self.config.seed)

    @property
    def now(self) -> int:
        return self.state.memory.now

    @property
    def options(self) -> dict[str, Any]:
        return self.state.memory.options

    def company(self, realm: str) -> Company:
        """The company of a realm at the present instant, generated when first asked for; KeyError for an unknown realm."""
        company = self._companies.get(realm)
        if company is None:
            business = business_at(self.config.seed, self.by_realm[realm].index)
            company = self._companies[realm] = GeneratedCompany(business, self.state.memory.origin, self.config.scale)
            # A company's objects live as long as the process: without this the collector walks all of them again and again.
            gc.freeze()
        company.catch_up(self.state.memory)
        return company

    def looked_at(self) -> list[Company]:
        """The companies somebody has asked for, as they stood then."""
        return list(self._companies.values())

    def warm(self, rails: Sequence[str] = NAMES) -> dict[str, Any]:
        """Generates and renders now what would be on its first request; says how many records each list holds."""
        records: dict[str, dict[str, int]] = {}
        for name, rail in self._served_rails().items():
            if name not in rails:
                continue
            of_rail = records[name] = dict[str, int]()
            for listing in self.listings:
                for entity, count in rail.warm(self, listing).items():
                    of_rail[entity] = of_rail.get(entity, 0) + count
                # What is made here lives as long as the process: without this the collector walks it again and again.
                gc.freeze()
        return {"records": sum(sum(counts.values()) for counts in records.values()), "by_rail": records}

    def clock(self) -> dict[str, Any]:
        """What the sandbox is and what time it is there."""
        now = datetime.fromtimestamp(self.now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "sandbox": "rowcol",
            "now": now,
            "seed": self.config.seed,
            "businesses": len(self.listings),
            "recorded": self.config.recorded is not None,
        }

    def advance(self, days: int = 0, minutes: int = 0) -> dict[str, Any]:
        """Moves time on; what happens meanwhile happens when a company is next looked at."""
        total = days * 24 * 60 + minutes
        if days < 0 or minutes < 0 or not 0 < total <= LONGEST_ADVANCE:
            raise UsageError("time moves on by 1 minute to 400 days at a time")
        self.state.remember("operation", operation="advance", at=self.now + total * 60)
        return self.clock()

    def touch(self, share: float) -> dict[str, Any]:
        """Edits that share of every business's transactions a minute from now; time moves on by that minute."""
        if not 0 <= share <= 1:
            raise UsageError("share is between 0 and 1")
        if self.config.recorded:
            raise UsageError("recorded companies do not change: touch needs generated ones")
        self.state.remember("operation", operation="touch", at=self.now + 60, share=share)
        return self.clock()

    def set_options(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Turns the vendor's switchable behaviours; UsageError for one there is not."""
        unknown = sorted(set(wanted) - set(DEFAULT_OPTIONS))
        if unknown:
            raise UsageError(f"there is no option {unknown[0]!r}; there are: {', '.join(DEFAULT_OPTIONS)}")
        if "webhooks_to" in wanted:
            _check_target(str(wanted["webhooks_to"]))
        self.state.remember("options", **wanted)
        return dict(self.options)

    def send(self, rail: str, delivery: Delivery) -> None:
        """Has a webhook sent that answers a call."""
        self.errands.append((rail, delivery))
        for listener in self.state.listeners:
            listener()

    def world(self, business_id: str) -> World:
        """The world of a generated business at the present instant; KeyError for an unknown one."""
        company = self.company(self.by_business[business_id].realm)
        assert isinstance(company, GeneratedCompany), "recorded companies have a ledger and no world behind it"
        return company.world

    def base_url(self, rail: str) -> str:
        """Where a rail is served."""
        return f"http://{HOST}:{(self.config.port or DEFAULT_PORT) + sandbox_rails()[rail].port_offset}"

    def credentials(self, rails: Sequence[str] = NAMES) -> list[dict[str, Any]]:
        """One entry per business and rail: who it is, where the rail answers, and the credentials to connect it with."""
        served = {name: rail for name, rail in self._served_rails().items() if name in rails}
        return [
            {
                "business_id": listing.business_id,
                "rail": name,
                "name": listing.name,
                "timezone": listing.timezone,
                "firm": listing.firm,
                "base_url": self.base_url(name),
                "auth_url": self.base_url(name),
                "credentials": rail.credentials(self, listing),
            }
            for listing in self.listings
            for name, rail in served.items()
        ]

    def apps(self) -> list[dict[str, Any]]:
        """One entry per rail: where it answers and the keys of the app that asks businesses for their consent."""
        return [{"rail": name, "base_url": self.base_url(name), "app": rail.app(self)} for name, rail in self._served_rails().items()]

    def _served_rails(self) -> dict[str, SandboxRail]:
        """The rails there is something on: recorded companies have a ledger alone."""
        return {name: rail for name, rail in sandbox_rails().items() if name == "qbo" or not self.config.recorded}

    def listen_on(self, port: int) -> None:
        """Keeps the port it is served at."""
        self.state.set_port(port)
        self.config = self.state.config

    def close(self) -> None:
        self.state.close()
        self.served.close()
        for office in self.offices.values():
            office.close()


def _check_target(address: str) -> None:
    """UsageError unless webhooks would stay on this machine."""
    if address and not stays_here(address):
        raise UsageError("webhooks go to an address on this machine, for example http://127.0.0.1:3010")


def _listing(index: int, company: RecordedCompany) -> Listing:
    return Listing(index, company.business_id, company.name, company.realm, company.timezone, FIRMS[index % len(FIRMS)])
