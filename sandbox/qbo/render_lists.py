"""Name lists and company records as QuickBooks writes them. Transactions: `sandbox.qbo.render_documents`."""

from __future__ import annotations

from typing import Any

from sandbox.qbo.wire import USD, amount, instant
from sandbox.world.model import Account, Item, Party, Term, World

# vendor-neutral kind -> (Classification, AccountType)
_ACCOUNT_TYPES = {
    "bank": ("Asset", "Bank"),
    "receivable": ("Asset", "Accounts Receivable"),
    "current asset": ("Asset", "Other Current Asset"),
    "fixed asset": ("Asset", "Fixed Asset"),
    "payable": ("Liability", "Accounts Payable"),
    "card": ("Liability", "Credit Card"),
    "current liability": ("Liability", "Other Current Liability"),
    "long liability": ("Liability", "Long Term Liability"),
    "equity": ("Equity", "Equity"),
    "income": ("Revenue", "Income"),
    "cost": ("Expense", "Cost of Goods Sold"),
    "expense": ("Expense", "Expense"),
}
_STATEMENT_KINDS = frozenset({"income", "cost", "expense"})


def meta(world: World, thing: Any) -> dict[str, Any]:
    """Fields every record has."""
    return {
        "domain": "QBO",
        "sparse": False,
        "Id": str(thing.id),
        "SyncToken": str(thing.token),
        "MetaData": {"CreateTime": instant(thing.created, world.zone), "LastUpdatedTime": instant(thing.updated, world.zone)},
    }


def account_name(world: World, account_id: int) -> str:
    """The fully qualified name, parents first."""
    account = world.accounts[account_id]
    return f"{account_name(world, account.parent)}:{account.name}" if account.parent else account.name


def account(world: World, it: Account) -> dict[str, Any]:
    """An account; income and expense accounts carry no balance, as the vendor serves them."""
    classification, kind = _ACCOUNT_TYPES[it.kind]
    own = 0 if it.kind in _STATEMENT_KINDS else it.balance
    below = sum(child.balance for child in world.accounts.values() if child.parent == it.id) if it.kind not in _STATEMENT_KINDS else 0
    record: dict[str, Any] = {"Name": it.name, "SubAccount": bool(it.parent)}
    if it.parent:
        record["ParentRef"] = {"value": str(it.parent)}
    record |= {
        "FullyQualifiedName": account_name(world, it.id),
        "Active": it.active,
        "Classification": classification,
        "AccountType": kind,
        "AccountSubType": it.subkind,
        "CurrentBalance": amount(own),
        "CurrentBalanceWithSubAccounts": amount(own + below),
        "CurrencyRef": USD,
    }
    return record | meta(world, it)


def _contact(world: World, it: Party) -> dict[str, Any]:
    record: dict[str, Any] = {"DisplayName": it.name, "PrintOnCheckName": it.name.removesuffix(" (deleted)"), "Active": it.active}
    if it.person:
        record["GivenName"], record["FamilyName"] = it.person
    if it.email:
        record["PrimaryEmailAddr"] = {"Address": it.email}
    if it.phone:
        record["PrimaryPhone"] = {"FreeFormNumber": it.phone}
    if it.street:
        business = world.business
        number = str(it.id + (400 if it.kind == "customer" else 0))
        record["BillAddr"] = {
            "Id": number,
            "Line1": it.street,
            "City": business.city,
            "CountrySubDivisionCode": business.state,
            "PostalCode": f"{90000 + it.id}",
            "Lat": "INVALID",
            "Long": "INVALID",
        }
    return record


def vendor(world: World, it: Party) -> dict[str, Any]:
    """A vendor with its open balance."""
    record: dict[str, Any] = {"Balance": amount(it.balance), "Vendor1099": it.is_1099, "CurrencyRef": USD}
    if it.tax_id:
        record["TaxIdentifier"] = it.tax_id
    if it.term:
        record["TermRef"] = {"value": str(it.term)}
    return record | meta(world, it) | {"CompanyName": it.name.removesuffix(" (deleted)")} | _contact(world, it)


def customer(world: World, it: Party) -> dict[str, Any]:
    """A customer or a job of one, with its open balance and that of its jobs."""
    jobs = sum(job.balance for job in world.customers.values() if job.parent == it.id) if not it.parent else 0
    record: dict[str, Any] = {"Taxable": world.business.industry.customers == "walk-in", "Job": bool(it.parent), "BillWithParent": False}
    if it.parent:
        record |= {"ParentRef": {"value": str(it.parent)}, "Level": 1}
    record |= {
        "Balance": amount(it.balance),
        "BalanceWithJobs": amount(it.balance + jobs),
        "CurrencyRef": USD,
        "PreferredDeliveryMethod": "Email" if it.email else "Print",
        "IsProject": False,
        "SalesTermRef": {"value": str(it.term)},
    }
    parent = f"{world.customers[it.parent].name}:" if it.parent else ""
    return record | meta(world, it) | {"FullyQualifiedName": parent + it.name} | _contact(world, it)


def item(world: World, it: Item) -> dict[str, Any]:
    """A product or service."""
    return {
        "Name": it.name,
        "Description": it.name,
        "Active": it.active,
        "FullyQualifiedName": it.name,
        "Taxable": world.business.industry.customers == "walk-in",
        "UnitPrice": amount(it.price),
        "Type": "Service",
        "IncomeAccountRef": {"value": str(it.account), "name": account_name(world, it.account)},
        "PurchaseCost": amount(0),
        "TrackQtyOnHand": False,
    } | meta(world, it)


def term(number: str, name: str, days: int, stamp: str) -> dict[str, Any]:
    """A payment term; `stamp` is its instant as text."""
    return {
        "Name": name,
        "Active": True,
        "Type": "STANDARD",
        "DiscountPercent": 0,
        "DueDays": days,
        "DiscountDays": 0,
        "domain": "QBO",
        "sparse": False,
        "Id": number,
        "SyncToken": "0",
        "MetaData": {"CreateTime": stamp, "LastUpdatedTime": stamp},
    }


def world_term(world: World, it: Term) -> dict[str, Any]:
    """A term of a generated company, as old as the company."""
    opened = world.accounts[1].created
    return term(str(it.id), it.name, it.days, instant(opened, world.zone))


def company_info(name: str, city: str, state: str, started: str, stamp: str) -> dict[str, Any]:
    """The company itself; `started` is a date, `stamp` an instant as text."""
    address = {"Id": "1", "Line1": "100 Main St.", "City": city, "Country": "US", "CountrySubDivisionCode": state, "PostalCode": "94043"}
    return {
        "CompanyName": name,
        "LegalName": f"{name}, Inc.",
        "CompanyAddr": address,
        "CustomerCommunicationAddr": address,
        "LegalAddr": address,
        "PrimaryPhone": {"FreeFormNumber": "(650) 555-0100"},
        "CompanyStartDate": started,
        "FiscalYearStartMonth": "January",
        "Country": "US",
        "Email": {"Address": "owner@company.example"},
        "WebAddr": {},
        "SupportedLanguages": "en",
        "NameValue": [
            {"Name": "NeoEnabled", "Value": "true"},
            {"Name": "SubscriptionStatus", "Value": "PAID"},
            {"Name": "OfferingSku", "Value": "QuickBooks Online Plus"},
        ],
        "domain": "QBO",
        "sparse": False,
        "Id": "1",
        "SyncToken": "4",
        "MetaData": {"CreateTime": stamp, "LastUpdatedTime": stamp},
    }


def preferences(stamp: str) -> dict[str, Any]:
    """The company's switches; its home currency is here and nowhere else."""
    return {
        "AccountingInfoPrefs": {
            "TrackDepartments": False,
            "ClassTrackingPerTxn": False,
            "ClassTrackingPerTxnLine": False,
            "CustomerTerminology": "Customers",
        },
        "ProductAndServicesPrefs": {"ForSales": True, "ForPurchase": True, "QuantityWithPriceAndRate": True, "QuantityOnHand": False},
        "SalesFormsPrefs": {
            "CustomTxnNumbers": True,
            "AllowDeposit": False,
            "AllowDiscount": False,
            "AllowEstimates": True,
            "AllowServiceDate": False,
            "AllowShipping": False,
        },
        "VendorAndPurchasesPrefs": {"TrackingByCustomer": True, "BillableExpenseTracking": False},
        "TimeTrackingPrefs": {"UseServices": False, "BillCustomers": False, "ShowBillRateToAll": False, "WorkWeekStartDate": "Monday"},
        "TaxPrefs": {"UsingSalesTax": True},
        "CurrencyPrefs": {"MultiCurrencyEnabled": False, "HomeCurrency": {"value": "USD"}},
        "ReportPrefs": {"ReportBasis": "Accrual", "CalcAgingReportFromTxnDate": False},
        "OtherPrefs": {"NameValue": [{"Name": "Vendor1099Enabled", "Value": "true"}]},
        "domain": "QBO",
        "sparse": False,
        "Id": "1",
        "SyncToken": "2",
        "MetaData": {"CreateTime": stamp, "LastUpdatedTime": stamp},
    }
