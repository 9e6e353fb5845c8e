"""How Ramp spells whom the business pays: vendors as somebody typed them in there, merchants as card networks print them."""

from __future__ import annotations

import unicodedata

from sandbox.ramp.wire import share

_LEGAL = (", Inc.", " LLC", " Inc", ", LLC", " Corp.", " Co.")
_SHORT = {
    "Properties": "Props", "Insurance": "Ins.", "Equipment": "Equip", "Supply": "Sply", "Services": "Svcs", "Software": "Sftwr",
    "Wholesale": "Whsl", "Manufacturing": "Mfg", "Distributors": "Dist.", "Telecom": "Telcom", "Photography": "Photo",
    "Consulting": "Cnslt", "Restaurant": "Rest.", "Electric": "Elec", "Logistics": "Log.", "Cleaning": "Clng", "Imports": "Imp.",
    "Partners": "Ptnrs", "Associates": "Assoc.", "and": "&",
}  # fmt: skip
_HOLDERS = ("Bayline Ventures", "R&T Enterprises", "Northgate Holdings", "CJM Management", "Twin Pines Group")
_PROCESSORS = ("SQ *", "TST* ", "PAYPAL *", "SP ")


def vendor_names(seed: int, party: int, name: str) -> tuple[str, str | None]:
    """(name, legal name or None) of a vendor: as in the ledger for four in ten, else in another spelling."""
    way = share(seed, "spelling", party)
    bare = name.removesuffix(" (deleted)")
    if way < 0.4:
        return bare, None
    if way < 0.58:
        return _with_suffix(seed, party, bare), _with_suffix(seed, party, bare)
    if way < 0.72:
        short = " ".join(_SHORT.get(word, word) for word in bare.split())
        return (short, None) if short != bare else (bare.replace("&", "and").replace(".", ""), None)
    if way < 0.80:
        return bare.upper(), None
    if way < 0.88:
        return f"The {bare}" if not bare.startswith("The ") else bare[4:], None
    holder = _HOLDERS[int(share(seed, "holder", party) * len(_HOLDERS))]
    legal = f"{holder} LLC"
    return (f"{holder} d/b/a {bare}", legal) if way < 0.95 else (bare, f"{legal} DBA {bare}")


def _with_suffix(seed: int, party: int, bare: str) -> str:
    if bare.endswith((" LLC", "Inc.", "Co.", "CPAs", "LLP")):
        return bare.replace(" Co.", " Company").replace(" LLC", ", L.L.C.").replace(" CPAs", " C.P.A.s")
    return bare + _LEGAL[int(share(seed, "suffix", party) * len(_LEGAL))]


def merchant_descriptor(seed: int, number: int, name: str, city: str) -> str:
    """A card network's line for one purchase: capitals, a processor's prefix, a store number, cut at 22 characters, a city."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().upper()
    way = share(seed, "descriptor", number)
    prefix = _PROCESSORS[int(way * 40) % len(_PROCESSORS)] if way < 0.25 else ""
    store = f" #{int(share(seed, 'store', name) * 9000) + 100}" if 0.25 <= way < 0.6 else ""
    return f"{f'{prefix}{plain}{store}'[:22].rstrip()} {city.upper()}"
