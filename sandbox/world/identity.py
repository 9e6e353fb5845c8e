"""Who the simulated businesses are: name, trade, zone, firm, size and health, each a function of seed and index."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from sandbox.seeds import seeded_dice, stable_seed
from sandbox.world.industries import INDUSTRIES, PLACES, Industry

Health = Literal["short", "tight", "sound", "rich"]

FIRMS = ("Alder & Finch Advisory", "Bellweather Bookkeeping", "Corvid Accounting Partners")
# (zone, state, city) with weights: most clients are where the firms are, a few abroad of them all.
PLACES_OF_BUSINESS: tuple[tuple[str, str, str, int], ...] = (
    ("America/Los_Angeles", "CA", "San Mateo", 6),
    ("America/New_York", "NY", "Albany", 5),
    ("America/Chicago", "IL", "Evanston", 5),
    ("America/Denver", "CO", "Boulder", 3),
    ("America/Phoenix", "AZ", "Tempe", 2),
    ("America/Anchorage", "AK", "Anchorage", 1),
    ("Pacific/Honolulu", "HI", "Honolulu", 1),
)
# Runway in days that each state of health aims at when the sandbox's time begins (domain words: critical, warning, healthy, excellent).
RUNWAY_AIM: dict[Health, tuple[int, int]] = {"short": (0, 6), "tight": (10, 28), "sound": (38, 85), "rich": (120, 260)}


@dataclass(frozen=True, slots=True)
class Business:
    """One simulated client. realm: the ledger's company id. monthly_cents: revenue. cost_ratio: spending over revenue."""

    index: int
    business_id: str
    name: str
    industry: Industry
    timezone: str
    state: str
    city: str
    firm: str
    realm: str
    seed: int
    health: Health
    monthly_cents: int
    cost_ratio: float
    records: int


def business_at(seed: int, index: int) -> Business:
    """The business number `index` (from 0) of the world `seed`; its name is unique among the first 1,000."""
    own = stable_seed(seed, "business", index)
    dice = seeded_dice(own)
    industry = INDUSTRIES[(index * 3 + seed) % len(INDUSTRIES)]
    name = _name(seed, index, industry)
    zone, state, city, _ = dice.choices(PLACES_OF_BUSINESS, weights=[place[3] for place in PLACES_OF_BUSINESS])[0]
    health: Health = dice.choices(("short", "tight", "sound", "rich"), weights=(20, 25, 33, 22))[0]
    ratio = {"short": (1.06, 1.2), "tight": (1.0, 1.1), "sound": (0.86, 0.97), "rich": (0.72, 0.88)}[health]
    size = dice.choice((24_000, 45_000, 70_000, 110_000, 180_000, 320_000))
    return Business(
        index=index,
        business_id=_slug(name),
        name=name,
        industry=industry,
        timezone=zone,
        state=state,
        city=city,
        firm=FIRMS[index % len(FIRMS)],
        realm=str(9_341_450_000_000_000 + seed % 1_000_000 * 10_000 + index),
        seed=own,
        health=health,
        monthly_cents=int(size * dice.uniform(0.85, 1.2)) * 100,
        cost_ratio=dice.uniform(*ratio),
        records=dice.randint(650, 1450),
    )


def _name(seed: int, index: int, industry: Industry) -> str:
    """A place and a trade; the place walks through a seeded order, a number tells later namesakes apart."""
    places = seeded_dice(seed, "places").sample(PLACES, len(PLACES))
    round_number, place = divmod(index, len(places))
    trade = industry.trades[(index // len(INDUSTRIES)) % len(industry.trades)]
    suffix = "" if round_number == 0 else f" No. {round_number + 1}"
    return f"{places[place]} {trade}{suffix}"


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
