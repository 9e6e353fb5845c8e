"""Precision, recall and F1 of answers, with Wilson's intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measured:
    """right of `said` answers, of `possible` ones."""

    right: int
    said: int
    possible: int

    @property
    def precision(self) -> float:
        return self.right / self.said if self.said else 0.0

    @property
    def recall(self) -> float:
        return self.right / self.possible if self.possible else 0.0

    @property
    def f1(self) -> float:
        return 2 * self.right / (self.said + self.possible) if self.said + self.possible else 0.0

    def __add__(self, other: Measured) -> Measured:
        return Measured(self.right + other.right, self.said + other.said, self.possible + other.possible)

    def __str__(self) -> str:
        low_p, high_p = wilson(self.right, self.said)
        low_r, high_r = wilson(self.right, self.possible)
        return (
            f"P {self.precision:.4f} [{low_p:.4f}, {high_p:.4f}] of {self.said}, "
            f"R {self.recall:.4f} [{low_r:.4f}, {high_r:.4f}] of {self.possible}, F1 {self.f1:.4f}"
        )


def wilson(right: int, of: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson's score interval); 0 to 1 where nothing was counted."""
    if of == 0:
        return 0.0, 1.0
    share = right / of
    middle = share + z * z / (2 * of)
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    whole = 1 + z * z / of
    return (middle - half) / whole, (middle + half) / whole
