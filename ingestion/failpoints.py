"""Named places at which a process kills itself when told to, so that recovery can be proven from outside.

`ROWCOL_FAIL_AT` names one; SIGKILL leaves no chance to tidy up, exactly as a power cut would.
"""

from __future__ import annotations

import os
import signal

from ingestion.settings import FailPoint, Settings


def fail_point(name: FailPoint, settings: Settings) -> None:
    """Kills this process if `ROWCOL_FAIL_AT` is `name`; otherwise does nothing."""
    if settings.fail_at == name:
        os.kill(os.getpid(), signal.SIGKILL)
