"""The query language as the vendor speaks it: grammar, defaults, complaints, inactive names, windows."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.qbo.statements import QueryError, parse
from tests.sandbox.conftest import Ledger

_WORDS = [
    "select",
    "*",
    "count(*)",
    "from",
    "Bill",
    "where",
    "Id",
    "=",
    "'1'",
    "in",
    "(",
    ")",
    ",",
    "and",
    "like",
    "orderby",
    "startposition",
    "0",
]


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("", "4000", "SELECT"),
        ("selec * from Bill", "4000", "selec"),
        ("select Id from Bill", "4000", "count"),
        ("select * from Bill where", "4000", "word"),
        ("select * from Bill where Id = '1' or Id = '2'", "4000", "or"),
        ("select * from Bill where Id ! '1'", "4000", "operator"),
        ("select * from Bill where DocNumber = 'open", "4000", "position"),
        ("select * from Bill maxresults many", "4000", "integer"),
        ("select * from Bill limit 5", "4000", "EOF"),
        ("select * from Bills", "4001", "Bills"),
        ("select * from Bill startposition 0", "4001", "value 0 is too small. Min allowed value is 1"),
        ("select * from Bill maxresults 1001", "4001", "Max allowed value is 1000"),
    ],
)
def test_what_is_no_statement_is_refused_with_the_vendors_code(text: str, code: str, words: str) -> None:
    with pytest.raises(QueryError) as refused:
        parse(text)
    assert refused.value.code == code
    assert words.lower() in refused.value.detail.lower()


@given(st.one_of(st.text(max_size=200), st.lists(st.sampled_from(_WORDS), max_size=12).map(" ".join)))
def test_any_text_is_a_statement_or_a_complaint(text: str) -> None:
    try:
        statement = parse(text)
    except QueryError as complaint:
        assert complaint.code in ("4000", "4001")
    else:
        assert statement.start >= 1
        assert 1 <= statement.limit <= 1000


def test_keywords_entities_and_both_order_spellings_are_read_in_any_case() -> None:
    one = parse("SELECT * FROM bill WHERE metadata.lastupdatedtime > '2026-01-01T00:00:00Z' ORDERBY MetaData.LastUpdatedTime ASC")
    other = parse("select * from Bill where MetaData.LastUpdatedTime>'2026-01-01T00:00:00Z' order by metadata.LASTUPDATEDTIME")
    assert one == other
    assert (one.start, one.limit) == (1, 100)


def test_a_quote_and_a_backslash_are_escaped_by_a_backslash() -> None:
    assert parse(r"select * from Vendor where DisplayName = 'Joe\'s \\ Diner'").conditions[0].values == ("Joe's \\ Diner",)


def test_pages_are_one_based_hundred_long_and_end_without_the_entity_key(ledger: Ledger) -> None:
    total = ledger.count("Purchase")
    first = ledger.query("select * from Purchase").json()["QueryResponse"]
    assert len(first["Purchase"]) == first["maxResults"] == min(100, total)
    assert first["startPosition"] == 1
    past = ledger.query(f"select * from Purchase startposition {total + 1}").json()
    assert past["QueryResponse"] == {}
    assert "time" in past
    walked = ledger.walk("Purchase", page=7)
    ids = [int(row["Id"]) for row in walked]
    assert ids == sorted(set(ids))
    assert len(ids) == total


def test_post_with_a_text_body_answers_as_get_does(ledger: Ledger) -> None:
    headers = {"Authorization": f"Bearer {ledger.token}", "Accept": "application/json", "Content-Type": "application/text"}
    posted = ledger.http.post(f"{ledger.base}/query?minorversion=75", content="select * from Term", headers=headers)
    assert posted.json() == ledger.query("select * from Term").json()


def test_who_does_not_ask_for_json_gets_xml(ledger: Ledger) -> None:
    answer = ledger.http.get(f"{ledger.base}/query?query=select * from Term", headers={"Authorization": f"Bearer {ledger.token}"})
    assert answer.headers["content-type"].startswith("application/xml")


def test_name_lists_show_active_names_only_unless_asked(ledger: Ledger) -> None:
    for _ in range(4):
        ledger.hub.advance(days=50)
        ledger.renew()
    shown = ledger.rows("select * from Vendor maxresults 1000")
    everyone = ledger.rows("select * from Vendor where Active in (true, false) maxresults 1000")
    gone = ledger.rows("select * from Vendor where Active = false")
    assert all(vendor["Active"] for vendor in shown)
    assert gone
    assert all(vendor["DisplayName"].endswith(" (deleted)") and not vendor["Active"] for vendor in gone)
    assert len(everyone) == len(shown) + len(gone)
    assert ledger.count("Vendor") == len(shown)


def test_conditions_compare_in_the_propertys_own_type(ledger: Ledger) -> None:
    everything = ledger.walk("Bill")
    open_ones = ledger.rows("select * from Bill where Balance > '0' and TxnDate >= '2026-08-01' maxresults 1000")
    wanted = [bill["Id"] for bill in everything if bill["Balance"] > 0 and bill["TxnDate"] >= "2026-08-01"]
    assert [bill["Id"] for bill in open_ones] == wanted
    assert wanted
    vendor = everything[0]["VendorRef"]["value"]
    of_vendor = ledger.rows(f"select * from Bill where VendorRef = '{vendor}' orderby TxnDate desc maxresults 1000")
    dates = [bill["TxnDate"] for bill in of_vendor]
    assert {bill["VendorRef"]["value"] for bill in of_vendor} == {vendor}
    assert dates == sorted(dates, reverse=True)
    assert [row["Id"] for row in ledger.rows("select * from Bill where Id in ('3','1')")] == ["1", "3"]
    like = ledger.rows("select * from Vendor where DisplayName like '%hal%oran%'")
    assert [vendor["DisplayName"] for vendor in like] == ["Halloran Properties"]


def test_an_unknown_property_is_a_validation_fault(ledger: Ledger) -> None:
    answer = ledger.query("select * from Bill where Colour = 'red'")
    assert answer.status_code == 400
    fault = answer.json()["Fault"]
    assert (fault["type"], fault["Error"][0]["code"]) == ("ValidationFault", "4001")


def test_windows_over_last_updated_time_compare_instants_and_cut_without_loss(ledger: Ledger) -> None:
    everything = {row["Id"] for row in ledger.walk("Invoice")}
    edge = "2026-06-15T00:00:00+02:00"
    older = ledger.rows(
        f"select * from Invoice where MetaData.LastUpdatedTime <= '{edge}' orderby MetaData.LastUpdatedTime maxresults 1000"
    )
    newer = ledger.rows(f"select * from Invoice where MetaData.LastUpdatedTime > '{edge}' orderby MetaData.LastUpdatedTime maxresults 1000")
    assert {row["Id"] for row in older} | {row["Id"] for row in newer} == everything
    assert not {row["Id"] for row in older} & {row["Id"] for row in newer}
    assert older
    assert newer


def test_offsets_of_both_seasons_stand_in_one_company(open_sandbox) -> None:  # type: ignore[no-untyped-def]
    ledger = open_sandbox(seed=1, businesses=20, index=18)
    assert ledger.entry["timezone"] == "America/New_York"
    offsets = {row["MetaData"]["CreateTime"][-6:] for row in ledger.walk("Purchase")}
    assert offsets == {"-05:00", "-04:00"}


def test_reads_by_id_answer_the_record_or_610(ledger: Ledger) -> None:
    bill = ledger.rows("select * from Bill maxresults 1")[0]
    assert ledger.get(f"/bill/{bill['Id']}").json()["Bill"] == bill
    missing = ledger.get("/bill/999999")
    assert (missing.status_code, missing.json()["Fault"]["Error"][0]["code"]) == (400, "610")
    info = ledger.get(f"/companyinfo/{ledger.realm}").json()["CompanyInfo"]
    assert info["CompanyName"] == ledger.entry["name"]
    assert ledger.get("/preferences").json()["Preferences"]["CurrencyPrefs"]["HomeCurrency"] == {"value": "USD"}


def test_a_batch_answers_each_item_by_itself_and_refuses_more_than_thirty(ledger: Ledger) -> None:
    headers = {"Authorization": f"Bearer {ledger.token}", "Accept": "application/json"}
    items = [{"bId": "a", "Query": "select count(*) from Bill"}, {"bId": "b", "Query": "nonsense"}, {"bId": "c", "operation": "create"}]
    answer = ledger.http.post(f"{ledger.base}/batch", json={"BatchItemRequest": items}, headers=headers).json()["BatchItemResponse"]
    assert answer[0] == {"QueryResponse": {"totalCount": ledger.count("Bill")}, "bId": "a"}
    assert [item["Fault"]["Error"][0]["code"] for item in answer[1:]] == ["4000", "2010"]
    too_many = {"BatchItemRequest": [{"bId": str(number), "Query": "select * from Term"} for number in range(31)]}
    assert ledger.http.post(f"{ledger.base}/batch", json=too_many, headers=headers).status_code == 400


def test_amounts_are_exact_decimals_on_the_wire(ledger: Ledger) -> None:
    text = ledger.query("select * from Bill maxresults 1000").text
    amounts = json.loads(text, parse_float=str)["QueryResponse"]["Bill"]
    assert all(len(str(bill["TotalAmt"]).partition(".")[2]) <= 2 for bill in amounts)
