"""What every month brings and somebody enters by hand: payroll, taxes, the cards' statements, the loan, the owner, depreciation."""

from __future__ import annotations

from sandbox.world import acts
from sandbox.world.model import Line, World


def payroll(world: World, cents: int) -> None:
    gross = acts.log_amount(world, cents, 0.05)
    withheld = gross * 22 // 100
    employer = gross * 8 // 100
    chart = world.chart
    lines = [Line(chart["Wages"], gross, "Gross wages"), Line(chart["Payroll Taxes"], employer, "Employer taxes")]
    lines += [
        Line(chart["Payroll Liabilities"], -withheld - employer, "Withheld and owed"),
        Line(chart["Checking"], withheld - gross, "Net pay"),
    ]
    acts.journal(world, lines, "Payroll")


def pay_taxes(world: World) -> None:
    """Pays over what was withheld from wages and collected as sales tax."""
    for account, text in (("Payroll Liabilities", "Payroll tax deposit"), ("Sales Tax Payable", "Sales tax return")):
        owed = -world.accounts[world.chart[account]].balance
        if owed > 0:
            acts.journal(world, [Line(world.chart[account], owed, text), Line(world.chart["Checking"], -owed, text)], text)


def pay_card(world: World, card: str) -> None:
    owed = -world.accounts[world.chart[card]].balance
    if owed > 0:
        acts.transfer(world, "Checking", card, owed, "Card payment")


def pay_loan(world: World, revenue: int) -> None:
    principal, interest, chart = revenue // 120, revenue // 400, world.chart
    if -world.accounts[chart["Loan Payable"]].balance > principal:
        lines = [Line(chart["Loan Payable"], principal, "Principal"), Line(chart["Interest Expense"], interest, "Interest")]
        acts.journal(world, [*lines, Line(chart["Checking"], -principal - interest, "Loan instalment")], "Loan instalment")


def draw(world: World, revenue: int) -> None:
    amount = revenue // 50
    if world.dice.random() < 0.6:
        acts.journal(world, [Line(world.chart["Owner's Draw"], amount), Line(world.chart["Checking"], -amount)], "Owner's draw")
    else:
        acts.transfer(world, "Checking", "Savings", amount, "To savings")


def depreciate(world: World) -> None:
    amount = world.business.monthly_cents // 150
    lines = [Line(world.chart["Depreciation"], amount), Line(world.chart["Accumulated Depreciation"], -amount)]
    acts.journal(world, lines, "Monthly depreciation")
