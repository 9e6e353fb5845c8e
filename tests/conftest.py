"""What holds for all tests: property tests are not judged by the clock, which on a busy machine measures its other work."""

from __future__ import annotations

from hypothesis import settings

# With six processes beside it an example of 20 ms took 810 ms, over hypothesis's limit of 200.
settings.register_profile("without deadline", deadline=None)
settings.load_profile("without deadline")
