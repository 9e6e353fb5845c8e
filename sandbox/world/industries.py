"""What trades the simulated businesses are in, and whom such a trade buys from and sells to. Invented names only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Industry:
    """One trade. mix: weights of bills, invoices, purchases and sales receipts among its documents.

    trades: endings of business names. income, supplies: account names. items: (name, price in dollars).
    suppliers: vendor names of the trade. customers: 'people' or 'firms' or 'walk-in'.
    """

    name: str
    trades: tuple[str, ...]
    mix: tuple[float, float, float, float]
    income: tuple[str, ...]
    supplies: str
    items: tuple[tuple[str, int], ...]
    suppliers: tuple[str, ...]
    customers: str


INDUSTRIES: tuple[Industry, ...] = (
    Industry(
        "landscaping",
        ("Landscaping", "Garden Design", "Tree Service", "Lawn & Garden"),
        (0.26, 0.34, 0.34, 0.06),
        ("Landscaping Services", "Maintenance Contracts"),
        "Job Materials",
        (("Weekly mowing", 85), ("Garden design", 950), ("Tree removal", 1200), ("Irrigation repair", 260), ("Sod installation", 1800)),
        (
            "Greenline Nursery",
            "Tri-County Sod",
            "Rock & Soil Depot",
            "Norfield Lumber",
            "Blade & Bar Equipment",
            "Dry Creek Irrigation Supply",
        ),
        "people",
    ),
    Industry(
        "restaurant",
        ("Kitchen", "Bakery", "Café", "Grill", "Pizzeria"),
        (0.34, 0.05, 0.31, 0.30),
        ("Food Sales", "Catering"),
        "Food Purchases",
        (("Daily sales", 1450), ("Catering order", 780), ("Gift card", 50), ("Private event", 2400)),
        (
            "Pacific Produce Co.",
            "Baker's Dozen Wholesale",
            "Harbor Seafood",
            "Sunrise Dairy",
            "Metro Restaurant Supply",
            "Olive & Vine Imports",
            "7 Hills Meats",
        ),
        "walk-in",
    ),
    Industry(
        "agency",
        ("Creative", "Media", "Marketing Group", "Studio"),
        (0.22, 0.36, 0.40, 0.02),
        ("Retainers", "Project Fees"),
        "Subcontractors",
        (("Monthly retainer", 4500), ("Brand workshop", 3200), ("Website build", 8800), ("Copywriting", 640), ("Media buying fee", 1900)),
        ("Pixelwright LLC", "Nora Quist Photography", "Two Rivers Print", "Adspot Network", "Fontworks Foundry", "K. Osei Consulting"),
        "firms",
    ),
    Industry(
        "construction",
        ("Builders", "Roofing", "Plumbing", "Electric", "Remodeling"),
        (0.36, 0.30, 0.32, 0.02),
        ("Construction Income", "Service Calls"),
        "Job Materials",
        (("Service call", 190), ("Bathroom remodel", 11800), ("Roof repair", 3400), ("Panel upgrade", 2600), ("Framing", 5200)),
        (
            "Norfield Lumber",
            "Ace Concrete",
            "Summit Drywall",
            "Delgado & Sons Electric",
            "Cobalt Pipe & Fitting",
            "Ironside Tool Rental",
            "3D Windows",
        ),
        "people",
    ),
    Industry(
        "clinic",
        ("Dental", "Veterinary Clinic", "Physical Therapy", "Optometry"),
        (0.25, 0.30, 0.31, 0.14),
        ("Patient Services", "Insurance Receipts"),
        "Medical Supplies",
        (("Examination", 145), ("Cleaning", 180), ("Crown", 1250), ("Therapy session", 130), ("Imaging", 320)),
        (
            "Medline Partners",
            "Crestview Dental Lab",
            "Sterling Instruments",
            "BioWaste Haulers",
            "Lumen Optics",
            "Hartwell Pharmacy Supply",
        ),
        "people",
    ),
    Industry(
        "wholesale",
        ("Supply", "Trading", "Distribution", "Imports"),
        (0.38, 0.38, 0.22, 0.02),
        ("Product Sales", "Shipping Income"),
        "Purchases of Goods",
        (("Standard case", 240), ("Pallet", 3100), ("Sample kit", 75), ("Freight", 420), ("Private label run", 6400)),
        ("Shenwick Manufacturing", "Blue Heron Freight", "Packright Cartons", "Delta Resin", "Long Wharf Logistics", "Ostrava Glass"),
        "firms",
    ),
    Industry(
        "software",
        ("Labs", "Software", "Analytics", "Cloudworks"),
        (0.24, 0.30, 0.44, 0.02),
        ("Subscription Revenue", "Implementation Fees"),
        "Hosting",
        (("Annual licence", 12000), ("Monthly plan", 490), ("Onboarding", 2500), ("Support hours", 175), ("Data migration", 3900)),
        ("Nimbus Hosting", "Quill Email", "Sentrybox Security", "Devshop Contractors", "Maple Street Coworking", "Latchkey Identity"),
        "firms",
    ),
    Industry(
        "retail",
        ("Outfitters", "Books", "Hardware", "Bicycle Shop", "Toys"),
        (0.30, 0.08, 0.28, 0.34),
        ("Store Sales", "Online Sales"),
        "Purchases of Goods",
        (("Store day", 1180), ("Online order", 64), ("Repair", 95), ("Special order", 410), ("Gift basket", 120)),
        (
            "Evergreen Apparel Wholesale",
            "Spoke & Chain Distributors",
            "Tinker Toy Imports",
            "Paperback Partners",
            "Ridge Line Gear",
            "Shelf & Fixture Co.",
        ),
        "walk-in",
    ),
)

PLACES: tuple[str, ...] = (
    "Cedar Creek", "Harbor Street", "Maple Grove", "Silver Lake", "Juniper", "Old Mill", "Blue Ridge", "Copper Canyon", "Fox Hollow",
    "Granite Bay", "High Plains", "Iron Bridge", "Kingsley", "Lark Meadow", "Magnolia", "North Fork", "Orchard Hill", "Pine Valley",
    "Quarry Road", "River Bend", "Sagebrush", "Thornton", "Union Square", "Vista Point", "Willow Run", "Yarrow", "Amberfield",
    "Birchwood", "Clearwater", "Dovetail", "Eastgate", "Fairmont", "Glenbrook", "Hawthorne", "Indigo", "Jasper", "Keystone",
    "Lighthouse", "Mesa Verde", "Nightingale",
)  # fmt: skip
