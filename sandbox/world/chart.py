"""The chart of accounts, terms and items of a new company, by trade. Balances come from postings: `sandbox.world.books`."""

from __future__ import annotations

from sandbox.seeds import stable_seed
from sandbox.world.model import Account, Item, Term, World

# (name, kind, subkind, parent). Short keys `ap` and `ar` beside the names are added below.
_COMMON: tuple[tuple[str, str, str, str], ...] = (
    ("Checking", "bank", "Checking", ""),
    ("Savings", "bank", "Savings", ""),
    ("Petty Cash", "bank", "CashOnHand", ""),
    ("Accounts Receivable (A/R)", "receivable", "AccountsReceivable", ""),
    ("Undeposited Funds", "current asset", "UndepositedFunds", ""),
    ("Prepaid Expenses", "current asset", "PrepaidExpenses", ""),
    ("Equipment", "fixed asset", "MachineryAndEquipment", ""),
    ("Original Cost", "fixed asset", "MachineryAndEquipment", "Equipment"),
    ("Accumulated Depreciation", "fixed asset", "AccumulatedDepreciation", "Equipment"),
    ("Accounts Payable (A/P)", "payable", "AccountsPayable", ""),
    ("Mastercard", "card", "CreditCard", ""),
    ("Visa", "card", "CreditCard", ""),
    ("Payroll Liabilities", "current liability", "PayrollTaxPayable", ""),
    ("Sales Tax Payable", "current liability", "GlobalTaxPayable", ""),
    ("Loan Payable", "long liability", "NotesPayable", ""),
    ("Opening Balance Equity", "equity", "OpeningBalanceEquity", ""),
    ("Owner's Draw", "equity", "OwnersEquity", ""),
    ("Retained Earnings", "equity", "RetainedEarnings", ""),
    ("Uncategorized Income", "income", "SalesOfProductIncome", ""),
    ("Advertising", "expense", "AdvertisingPromotional", ""),
    ("Automobile", "expense", "Auto", ""),
    ("Fuel", "expense", "Auto", "Automobile"),
    ("Vehicle Repairs", "expense", "Auto", "Automobile"),
    ("Bank Charges", "expense", "BankCharges", ""),
    ("Insurance", "expense", "Insurance", ""),
    ("Interest Expense", "expense", "InterestPaid", ""),
    ("Legal & Professional Fees", "expense", "LegalProfessionalFees", ""),
    ("Accounting", "expense", "LegalProfessionalFees", "Legal & Professional Fees"),
    ("Lawyer", "expense", "LegalProfessionalFees", "Legal & Professional Fees"),
    ("Meals", "expense", "EntertainmentMeals", ""),
    ("Office Expenses", "expense", "OfficeGeneralAdministrativeExpenses", ""),
    ("Rent or Lease", "expense", "RentOrLeaseOfBuildings", ""),
    ("Repairs & Maintenance", "expense", "RepairMaintenance", ""),
    ("Software & Subscriptions", "expense", "DuesSubscriptions", ""),
    ("Travel", "expense", "Travel", ""),
    ("Utilities", "expense", "Utilities", ""),
    ("Gas & Electric", "expense", "Utilities", "Utilities"),
    ("Telephone & Internet", "expense", "Utilities", "Utilities"),
    ("Wages", "expense", "PayrollExpenses", ""),
    ("Payroll Taxes", "expense", "PayrollExpenses", ""),
    ("Depreciation", "expense", "OtherMiscellaneousServiceCost", ""),
    ("Uncategorized Expense", "expense", "OtherMiscellaneousServiceCost", ""),
    ("Ask My Accountant", "expense", "OtherMiscellaneousServiceCost", ""),
)
# Where card payments wait for their payout, in the books of those who keep such an account.
CLEARING = "Stripe Clearing"
CLEARING_SHARE = 0.3
_TERMS = (("Due on receipt", 0), ("Net 15", 15), ("Net 30", 30), ("Net 60", 60))


def open_books(world: World) -> None:
    """Gives a new world its accounts, terms and items."""
    industry = world.business.industry
    own = [(name, "income", "ServiceFeeIncome", "") for name in industry.income]
    own += [
        (industry.supplies, "cost", "SuppliesMaterialsCogs", ""),
        ("Freight In", "cost", "ShippingFreightDeliveryCos", ""),
    ]
    if stable_seed(world.business.seed, "clearing account") % 10_000 < CLEARING_SHARE * 10_000:
        own.append((CLEARING, "current asset", "OtherCurrentAssets", ""))
    for name, kind, subkind, parent in (*_COMMON, *own):
        account = Account(
            world.next_id("account"), name, kind, subkind, parent=world.chart.get(parent, 0), created=world.now, updated=world.now
        )
        world.accounts[account.id] = account
        world.chart[name] = account.id
        world.changed.add(("account", account.id))
    world.chart["ap"] = world.chart["Accounts Payable (A/P)"]
    world.chart["ar"] = world.chart["Accounts Receivable (A/R)"]
    for name, days in _TERMS:
        term = Term(world.next_id("term"), name, days)
        world.terms[term.id] = term
        world.changed.add(("term", term.id))
    for position, (name, dollars) in enumerate(industry.items):
        income = world.chart[industry.income[position % len(industry.income)]]
        item = Item(world.next_id("item"), name, dollars * 100, income, created=world.now, updated=world.now)
        world.items[item.id] = item
        world.changed.add(("item", item.id))
