"""One business's simulated life: what was bought, sold, paid and got wrong, day by day, in balanced books.

Nothing here knows a rail's wire format; each rail renders its own view of the same documents (`sandbox.qbo.render`).
Deterministic: the same seed, business and operations give the same world in every process.
"""
