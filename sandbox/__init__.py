"""The rails' HTTP APIs on this machine, over one seeded world per business whose truth is known.

Holds the simulated worlds (`world`), the wire of each rail (`qbo`), the state under the home and the server. Imported
only by tests, benchmarks and the sandbox commands; the product itself talks to it over HTTP like to any vendor.
"""
