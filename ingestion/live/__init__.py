"""Live answers: balances, transactions, connection, permissions, a bill, an invoice, asked of the vendors when somebody needs them.

`desk` is the one interface: command line, receiver and whatever decides on payments ask there. `facts` has questions and
answers, `adapter` what a rail implements, `reading` one reading of one connection, `cache` what is remembered of it, `mirror`
the last known state from the change log, `combine` how parts become one answer, `handover` how what was read lands. Which
rail answers what is in its promise (`ingestion.promise.LivePromise`).
"""
