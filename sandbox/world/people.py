"""Vendors and customers: invented names, how they are written down, and what kind of counterparty they are."""

from __future__ import annotations

from sandbox.world.model import Party, World

# (name, account, monthly bill in share of revenue, is_1099): whom every trade pays.
COMMON_VENDORS: tuple[tuple[str, str, float, bool], ...] = (
    ("Halloran Properties", "Rent or Lease", 0.055, True),
    ("Tidewater Gas & Electric", "Gas & Electric", 0.012, False),
    ("Meridian Telecom", "Telephone & Internet", 0.006, False),
    ("Sound Harbor Insurance", "Insurance", 0.016, False),
    ("Pryce & Whitlock CPAs", "Accounting", 0.010, True),
    ("Rosen Abbot LLP", "Lawyer", 0.007, True),
    ("Brightside Cleaning", "Repairs & Maintenance", 0.008, True),
    ("Parcelway", "Freight In", 0.006, False),
    ("Ledgerly Software", "Software & Subscriptions", 0.004, False),
)
# (name, account): what is bought on the card or over the counter.
COUNTER_VENDORS: tuple[tuple[str, str], ...] = (
    ("Fillmore Gas", "Fuel"),
    ("Quickstop 24", "Fuel"),
    ("Paperclip Office Depot", "Office Expenses"),
    ("Corner Bistro", "Meals"),
    ("Joe's Diner", "Meals"),
    ("Skyline Air", "Travel"),
    ("Roadside Inn", "Travel"),
    ("Adspot Online", "Advertising"),
    ("Nimbus Apps", "Software & Subscriptions"),
    ("First Harbor Bank", "Bank Charges"),
    ("Tire & Lube Center", "Vehicle Repairs"),
    ("Hardware Hut", "Repairs & Maintenance"),
)
_GIVEN = (
    "Ana", "Ben", "Carla", "Dmitri", "Elena", "Frank", "Grace", "Hiro", "Imani", "José", "Kate", "Liam", "Mei", "Noor", "Omar",
    "Priya", "Quentin", "Rosa", "Sven", "Tara", "Uma", "Victor", "Wanda", "Xavier", "Yusuf", "Zoë",
)  # fmt: skip
_FAMILY = (
    "Abbott", "Brandt", "Castillo", "Delacroix", "Eriksen", "Fontaine", "Garcia", "Haddad", "Ito", "Jansen", "Kowalski", "Lindqvist",
    "Moreau", "Nakamura", "O'Brien", "Petrov", "Quist", "Rahman", "Santos", "Tanaka", "Underhill", "Vasquez", "Whitaker", "Young", "Zhang",
)  # fmt: skip
_FIRM_ENDINGS = ("Holdings", "Partners", "Group", "Industries", "& Co.", "LLC", "Associates", "Stores", "Foods", "Systems")
_STREETS = ("Main St.", "Oak Ave.", "2nd St.", "Canyon Rd.", "Market St.", "Lakeview Dr.", "Mill Ln.", "Station Rd.")


def add_vendor(world: World, name: str, account: str, is_1099: bool = False, has_term: bool = True, tax_id: bool = True) -> Party:
    """Enters a vendor whose bills usually go to `account`."""
    dice = world.dice
    vendor = _party(world, "vendor", name)
    vendor.habit = world.chart[account]
    vendor.is_1099 = is_1099
    vendor.tax_id = f"XXXXXX{dice.randrange(1000):03d}{dice.randrange(10)}"[-10:] if is_1099 and tax_id else ""
    vendor.term = dice.choice((2, 3, 3, 3, 4)) if has_term else 0
    world.vendors[vendor.id] = vendor
    return vendor


def add_customer(world: World, parent: int = 0) -> Party:
    """Enters a customer; its habit is how many days it pays after the due date (negative: before)."""
    dice = world.dice
    given, family = dice.choice(_GIVEN), dice.choice(_FAMILY)
    is_firm = world.business.industry.customers == "firms" or dice.random() < 0.2
    name = f"{family} {dice.choice(_FIRM_ENDINGS)}" if is_firm else f"{given} {family}"
    if parent:
        name = f"{dice.randint(12, 9900)} {dice.choice(_STREETS)}"
    taken = {customer.name for customer in world.customers.values()}
    while name in taken:
        name = f"{name} {dice.choice('ABCDEFGHKLMNPRSTW')}."
    customer = _party(world, "customer", name)
    customer.person = (given, family)
    customer.parent = parent
    customer.term = dice.choice((1, 2, 3, 3, 3))
    customer.habit = round(dice.gauss(6, 12)) if dice.random() < 0.85 else round(dice.gauss(45, 15))
    world.customers[customer.id] = customer
    return customer


def _party(world: World, kind: str, name: str) -> Party:
    dice = world.dice
    identifier = world.next_id(kind)
    handle = "".join(letter for letter in name.lower() if letter.isascii() and letter.isalnum())[:20]
    party = Party(
        id=identifier,
        kind=kind,
        name=name,
        email=f"office@{handle}.example" if dice.random() < 0.8 else "",
        phone=f"({dice.randint(201, 989)}) 555-{dice.randrange(10000):04d}" if dice.random() < 0.8 else "",
        street=f"{dice.randint(1, 9900)} {dice.choice(_STREETS)}" if dice.random() < 0.85 else "",
        created=world.now,
        updated=world.now,
    )
    world.changed.add((kind, identifier))
    return party


def settle_in(world: World) -> None:
    """The vendors and customers a company starts with; a few vendors were entered without terms or tax id."""
    business = world.business
    for name, account, _, is_1099 in COMMON_VENDORS:
        add_vendor(world, name, account, is_1099=is_1099)
    for name in business.industry.suppliers:
        add_vendor(world, name, business.industry.supplies, is_1099=world.dice.random() < 0.3)
    for name, account in COUNTER_VENDORS:
        add_vendor(world, name, account, has_term=world.dice.random() < 0.3)
    for _ in range(max(8, round(business.records * 0.05))):
        customer = add_customer(world)
        if world.dice.random() < 0.08:
            add_customer(world, parent=customer.id)
