"""Who is one with whom across rails: people before proofs before names, never across businesses, whatever names hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.dbt.asking import rows
from tests.dbt.ledgers import NOW
from tests.dbt.parties import bank_payment, build_map, decided, groups, ledger_vendor, paying_vendor
from tests.dbt.project import DbtProject
from tests.dbt.rawfill import RawWarehouse

HOSTILE = (
    "Robert'); drop table marts.vendor_map; --",
    "Quote \"Quote\" & 'Sons'",
    "{{ run_query('select 1') }} {% raw %}",
    "\u202eevil\u202c Ltd",
    "Nul\x00Byte Ltd",
    "x" * 1_000_000,
    "\\ back \\slash (((",
    "***",
    "   ",
    "",
    "日本電気株式会社",
    "🙂🙂",
)
# Vendors of one ledger by the mail box it has of each; what becomes of those that share one is said below.
MAILED = {
    "Twin Pines Landscaping": "office@twinpines.example",
    "Twin Pines": "billing@twinpines.example",
    "Oak Apartments": "rent@manager.example",
    "Silver Wharf": "rent@manager.example",
    "Jane Doe": "jane@us.example",
    "Peter Pan": "peter@mail.us.example",
    "Ivy Nurseries": "plants@usweb.example",
    "Fern Garden Center": "ferns@usweb.example",
    "Blue Fox Plumbing": "quickbooks@notification.intuit.com",
    "Zen Yoga Studio": "quickbooks@notification.intuit.com",
    "Anna Smith": "anna@yahoo.co.uk",
    "Ben Jones": "ben@yahoo.co.uk",
    "Cedar Point Roofing": "one@hub.example",
    "Cedar Point": "two@hub.example",
    "Velvet Harbor": "three@hub.example",
    "Tin Lantern": "four@hub.example",
}
TIED = ("Tin Lantern", "Copper Kettle", "Silver Wharf", "Bronze Anchor", "Iron Trellis", "Velvet Harbor")
NAMES = {
    "acme": ("qbo", "ramp", "plaid", "stripe"),
    "birch": ("qbo", "ramp"),
    "told": ("qbo", "ramp"),
    "hostile": ("qbo", "ramp", "plaid"),
    "tied": ("qbo", "ramp"),
    "mailed": ("qbo", "stripe"),
}


@pytest.fixture(scope="module")
def warehouse(project: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("vendors") / "warehouse.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1")
        for business, rails in NAMES.items():
            raw.business(business, now=NOW)
            for rail in rails[1:]:
                raw.connect(business, rail, now=NOW)
        _acme(raw)
        ledger_vendor(raw, "birch", "1", "Halloran Properties")
        paying_vendor(raw, "birch", "r1", "Halloran Properties", accounting_vendor_remote_id="2")
        _told(raw)
        _mailed(raw)
        for number, name in enumerate(TIED):
            for copy in "ba":
                ledger_vendor(raw, "tied", f"{number}{copy}", name)
            paying_vendor(raw, "tied", f"r{number}", name)
        for number, name in enumerate(HOSTILE):
            ledger_vendor(raw, "hostile", str(number), name)
            paying_vendor(raw, "hostile", f"r{number}", name)
            bank_payment(raw, "hostile", f"t{number}", name, merchant_entity_id=f"m{number}")
    build_map(project, path)
    return path


def _acme(raw: RawWarehouse) -> None:
    ledger_vendor(raw, "acme", "1", "Halloran Properties", PrimaryEmailAddr={"Address": "office@halloran.example"})
    ledger_vendor(raw, "acme", "2", "Halloran Properties Rentals", PrimaryEmailAddr={"Address": "office@halloran.example"})
    ledger_vendor(raw, "acme", "3", "Wilson Farm 1 LLC")
    ledger_vendor(raw, "acme", "4", "Wilson Farm 2 LLC")
    ledger_vendor(raw, "acme", "5", "Meta Platforms, Inc.")
    ledger_vendor(raw, "acme", "6", "Corner Bistro")
    ledger_vendor(raw, "acme", "7", "Anna Smith", PrimaryEmailAddr={"Address": "anna@gmail.com"}, TaxIdentifier="12-3456789")
    ledger_vendor(raw, "acme", "8", "Ben Jones", PrimaryEmailAddr={"Address": "ben@gmail.com"}, TaxIdentifier="XXXXX4321")
    ledger_vendor(raw, "acme", "9", "Ben Jones", TaxIdentifier="XXXXX1234")
    paying_vendor(raw, "acme", "r1", "HALLORAN PROPS", accounting_vendor_remote_id="1")
    paying_vendor(raw, "acme", "r3", "Wilson Farm 1")
    paying_vendor(raw, "acme", "r7", "Twin Pines Group d/b/a Corner Bistro", name_legal="Twin Pines Group LLC")
    paying_vendor(raw, "acme", "r8", "Twin Pines Group d/b/a Oak Hardware", name_legal="Twin Pines Group LLC")
    bank_payment(raw, "acme", "t1", "HALLORAN PROPERTIES LLC ACH PMT")
    bank_payment(raw, "acme", "t2", "FACEBK *ADS 8XKQ2", merchant_name="Facebook", merchant_entity_id="ent-fb")
    bank_payment(raw, "acme", "t3", "SQ *CORNER BISTRO      SEATTLE WA")
    bank_payment(raw, "acme", "t4", "CHECK 1201", check_number="1201")
    raw.version("acme", "customers", {"Id": "1", "DisplayName": "Kate Ito", "PrimaryEmailAddr": {"Address": "Kate@ito.example"}})
    raw.observed("acme", "stripe", "customers", "cus_1", {"id": "cus_1", "name": "K. Ito", "email": "kate@ito.example"})


def _mailed(raw: RawWarehouse) -> None:
    raw.version(
        "mailed", "company_info", {"Id": "1", "Email": {"Address": "Owner@us.example"}, "WebAddr": {"URI": "https://www.usweb.example"}}
    )
    for number, (name, address) in enumerate(MAILED.items()):
        ledger_vendor(raw, "mailed", str(number), name, PrimaryEmailAddr={"Address": address})
    raw.version("mailed", "customers", {"Id": "1", "DisplayName": "Ito Consulting", "PrimaryEmailAddr": {"Address": "kate@ito.example"}})
    raw.version("mailed", "customers", {"Id": "2", "DisplayName": "Blue Mesa", "PrimaryEmailAddr": {"Address": "pay@mesa.example"}})
    for id, person, address in (("cus_1", "Zoe Quinn", "kate@ito.example"), ("cus_2", None, "pay@mesa.example")):
        raw.observed("mailed", "stripe", "customers", id, {"id": id, "name": person, "email": address})


def _told(raw: RawWarehouse) -> None:
    for number, name in enumerate(("Oak Mill", "Elm Forge", "Fir Works", "Ash Media", "Yew Print", "Bay Foods", "Sun Roofing"), start=1):
        ledger_vendor(raw, "told", str(number), name)
    paying_vendor(raw, "told", "oak", "Oak Mill")
    paying_vendor(raw, "told", "forge", "Smith and Daughters")
    paying_vendor(raw, "told", "fir", "Fir Works")
    paying_vendor(raw, "told", "sun", "Moon Plumbing")
    decided(raw, "told", "different", ("qbo", "1"), ("ramp", "oak"))
    decided(raw, "told", "same", ("ramp", "forge"), ("qbo", "2"))
    decided(raw, "told", "unsure", ("qbo", "3"), ("ramp", "fir"))
    # Three words that cannot all be true.
    decided(raw, "told", "same", ("qbo", "4"), ("qbo", "5"))
    decided(raw, "told", "same", ("qbo", "5"), ("qbo", "6"))
    decided(raw, "told", "different", ("qbo", "6"), ("qbo", "4"))
    # Taken back; of nobody known; of another business's vendor.
    taken_back = decided(raw, "told", "same", ("qbo", "7"), ("ramp", "sun"))
    raw.control(
        "decisions",
        decision_no=99,
        decision_id="d99",
        business_id="told",
        advisor_id="ann",
        kind="undo",
        subject=json.dumps({"decision_id": taken_back}),
        decided_at=NOW,
    )
    decided(raw, "told", "same", ("qbo", "1"), ("qbo", "nobody"))
    decided(raw, "birch", "same", ("qbo", "1"), ("ramp", "oak"))


def test_proofs_and_names_make_one_vendor_and_a_number_keeps_two_apart(warehouse: Path) -> None:
    assert groups(warehouse, "acme") == {
        frozenset({"qbo:1", "qbo:2", "ramp:r1", "plaid:HALLORAN PROPERTIES LLC ACH PMT"}),
        frozenset({"qbo:3", "ramp:r3"}),
        frozenset({"qbo:5", "plaid:ent-fb"}),
        frozenset({"qbo:6", "ramp:r7", "plaid:SQ *CORNER BISTRO      SEATTLE WA"}),
    }
    assert groups(warehouse, "acme", "customer") == {frozenset({"qbo:1", "stripe:cus_1"})}


def test_each_row_says_what_it_rests_on_and_by_whom(warehouse: Path) -> None:
    row = """select tier, method, decided_by, score, canonical_name, evidence
        from marts.vendor_map where business_id = ? and rail_vendor_id = ?"""
    ((tier, method, by, score, name, evidence),) = rows(warehouse, row, ["acme", "r1"])
    assert (tier, method, by, float(score), name) == ("auto", "ledger_id", "proof", 1.0, "Halloran Properties")
    assert json.loads(evidence)["proofs"] == ["ledger_id"]
    ((tier, method, by, _, name, evidence),) = rows(warehouse, row, ["acme", "r7"])
    assert (tier, method, by, name) == ("auto", "name", "model", "Corner Bistro")
    assert json.loads(evidence)["features"]["same_words"] == 1.0
    assert rows(warehouse, row, ["acme", "4"])[0][:3] == ("none", "alone", None)


def test_an_address_proves_by_whom_else_it_is_had(warehouse: Path) -> None:
    assert groups(warehouse, "mailed") == {frozenset({"qbo:0", "qbo:1"})}
    row = "select rail_vendor_name, tier, method, decided_by from marts.vendor_map where business_id = 'mailed' and tier != 'none'"
    said = {name: told for name, *told in rows(warehouse, row)}
    assert said["Twin Pines Landscaping"] == ["auto", "domain", "proof"]
    # Of two whom the ledger lists under unlike names, and that only those two have.
    assert said["Oak Apartments"] == said["Silver Wharf"] == ["suggest", "email", "model"]
    # Of the business's own, a service's, a mail provider's and many's count only what the names say.
    assert said.keys() == {*list(MAILED)[:4], "Cedar Point Roofing", "Cedar Point"}
    assert said["Cedar Point Roofing"] == ["suggest", "name", "model"]
    # One mail box on two rails, whatever it is called there.
    assert groups(warehouse, "mailed", "customer") == {frozenset({"qbo:1", "stripe:cus_1"}), frozenset({"qbo:2", "stripe:cus_2"})}


def test_of_candidates_that_are_as_good_none_is_ahead_whatever_order_they_are_read_in(warehouse: Path) -> None:
    query = "select rail_vendor_id, linked_rail_vendor_id from marts.vendor_map where business_id = 'tied' and rail = 'ramp' order by 1"
    assert rows(warehouse, query) == [(f"r{number}", f"{number}a") for number in range(len(TIED))]


def test_no_business_has_a_vendor_of_anothers(warehouse: Path) -> None:
    shared = "select vendor_key from marts.vendor_map group by vendor_key having count(distinct business_id) > 1"
    assert rows(warehouse, shared) == []
    assert groups(warehouse, "birch") == {frozenset({"qbo:1", "ramp:r1"})}


def test_what_people_said_wins_and_what_they_took_back_or_contradicted_links_nobody(warehouse: Path) -> None:
    assert groups(warehouse, "told") == {frozenset({"qbo:2", "ramp:forge"})}
    query = "select rail_vendor_id, tier, method, decided_by from marts.vendor_map where business_id = 'told'"
    said = {id: (tier, method, by) for id, tier, method, by in rows(warehouse, query)}
    assert said["forge"] == ("auto", "verdict_same", "ann")
    assert said["fir"] == ("suggest", "verdict_unsure", "ann")
    assert {said[id][1] for id in ("4", "5", "6")} == {"contradicting_verdicts"}
    assert said["oak"][0] == said["sun"][0] == "none"


def test_hostile_names_are_each_mapped_once_and_are_nobody_elses(warehouse: Path) -> None:
    query = """select count(*), count(distinct (rail, rail_vendor_id)), max(length(rail_vendor_name))
        from marts.vendor_map where business_id = 'hostile'"""
    assert rows(warehouse, query) == [(3 * len(HOSTILE), 3 * len(HOSTILE), 200)]
    # Each name's own twins may be linked; no two of different names are.
    for members in groups(warehouse, "hostile"):
        assert len({member.split(":")[1].lstrip("rm") for member in members}) == 1, members


def test_a_renamed_vendor_is_compared_anew_and_a_full_refresh_says_the_same(project: DbtProject, warehouse: Path) -> None:
    scored = "select left_rail, left_id, right_rail, right_id, name_score from intermediate.int_party_pairs where business_id = 'acme'"
    before = set(rows(warehouse, scored))
    with RawWarehouse(warehouse) as raw:
        raw.load("2")
        later = NOW.replace(day=29)
        record = {"id": "r8", "name": "Wilson Farm 2", "is_active": True}
        raw.observed("acme", "ramp", "vendors", "r8", record, version_no=2, observed_at=later, load_id="2")
    build_map(project, warehouse)
    assert frozenset({"qbo:4", "ramp:r8"}) in groups(warehouse, "acme")
    changed = before ^ set(rows(warehouse, scored))
    assert changed and all("r8" in pair for pair in changed)
    whole = "select * from marts.vendor_map order by all"
    followed = rows(warehouse, whole)
    project.build(
        warehouse, "--select", "int_party_terms", "int_party_pairs", "int_party_map", "vendor_map", now=NOW.isoformat(), full_refresh=True
    )
    assert rows(warehouse, whole) == followed
