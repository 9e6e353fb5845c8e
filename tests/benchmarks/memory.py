"""The most memory a process had, as the kernel notes it for the program it runs.

Not `ru_maxrss`: that of a child begins with what its parent had when it forked.
"""

from __future__ import annotations

import threading
from pathlib import Path

SECONDS_BETWEEN_LOOKS = 0.2


def peak_mb(process_id: int | str = "self") -> float:
    """The peak of a process until now; FileNotFoundError or IndexError when it is gone."""
    return int(Path(f"/proc/{process_id}/status").read_text().split("VmHWM:")[1].split()[0]) / 1024


class PeakOf:
    """The peak of another process, looked at until the `with` ends or the process does."""

    def __init__(self, process_id: int) -> None:
        self.mb = 0.0
        self._process_id = process_id
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def _look(self) -> None:
        while True:
            try:
                self.mb = peak_mb(self._process_id)
            except (OSError, IndexError):
                return
            if self._is_over.wait(SECONDS_BETWEEN_LOOKS):
                return

    def __enter__(self) -> PeakOf:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()
