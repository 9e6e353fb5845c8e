"""What holds for all tests: nobody is judged by the clock, and no vendor's limit is waited for at a sandbox without limits."""

from __future__ import annotations

import os

from hypothesis import settings

# With six processes beside it an example of 20 ms took 810 ms, over hypothesis's limit of 200.
settings.register_profile("without deadline", deadline=None)
settings.load_profile("without deadline")

# Tests of limits say so in their settings; the commands that tests start inherit it.
os.environ["ROWCOL_RAIL_LIMITS"] = "off"
