"""The hashes of the event tree on disk, in the tiles that C2SP's tlog-tiles describes, so that proofs read O(log n) of them.

A tile of level L holds up to 256 hashes of subtrees of 2**(8 L) leaves: `tile/<L>/<N>`, with N in groups of three digits,
all but the last marked with an x, and `.p/<width>` behind the last while it is not full. Once a tile is full, what it was while it
was not is removed. Tiles follow from the sealed files and can be made again (`log`); they are no evidence of their own, and
the verifier does not read them.
Source: https://c2sp.org/tlog-tiles, "Merkle tree".
"""

from __future__ import annotations

import shutil
from functools import lru_cache
from pathlib import Path

from ingestion.files import private_dir
from rowcol_assets.audit.merkle import HASH, perfect_root

HEIGHT = 8
WIDTH = 1 << HEIGHT


class Tiles:
    """The tiles below a folder, for a tree of `size` leaves."""

    def __init__(self, folder: Path, size: int) -> None:
        self.folder = folder
        self.size = size
        self._read = lru_cache(maxsize=64)(self._load)

    def subtree(self, level: int, index: int) -> bytes:
        """The root of the perfect subtree of 2**level leaves that begins at leaf index * 2**level (`merkle.Subtree`)."""
        above, inside = divmod(level, HEIGHT)
        first = index << inside
        tile, offset = divmod(first, WIDTH)
        hashes = self._read(above, tile)[offset * HASH : (offset + (1 << inside)) * HASH]
        if len(hashes) != HASH << inside:
            raise FileNotFoundError(f"{self._path(above, tile)} does not hold what a tree of {self.size} leaves needs")
        return perfect_root(hashes)

    def append(self, leaves: bytes) -> Tiles:
        """Writes the tiles that more leaf hashes (one after another) fill or begin, and gives the tiles of the larger tree."""
        grown, level, row = self.size, 0, leaves
        known = self.size
        while row:
            full, kept = divmod(known, WIDTH)
            row = (self._read(level, full)[: kept * HASH] if kept else b"") + row
            after: list[bytes] = []
            for at in range(0, len(row), WIDTH * HASH):
                hashes = row[at : at + WIDTH * HASH]
                self._write(level, full + at // (WIDTH * HASH), hashes)
                if len(hashes) == WIDTH * HASH:
                    after.append(perfect_root(hashes))
            if level == 0:
                grown = full * WIDTH + len(row) // HASH
            known, level, row = full, level + 1, b"".join(after)
        return Tiles(self.folder, grown)

    def _load(self, level: int, tile: int) -> bytes:
        width = min(WIDTH, (self.size >> (HEIGHT * level)) - tile * WIDTH)
        path = self._path(level, tile, width)
        if not path.exists():  # filled since, by an append that a crash ended before it was covered
            path = self._path(level, tile)
        return path.read_bytes()[: width * HASH]

    def _write(self, level: int, tile: int, hashes: bytes) -> None:
        width = len(hashes) // HASH
        path = self._path(level, tile, width)
        private_dir(path.parent)
        path.write_bytes(hashes)
        path.chmod(0o600)
        if width == WIDTH:
            shutil.rmtree(path.with_name(f"{path.name}.p"), ignore_errors=True)

    def _path(self, level: int, tile: int, width: int = WIDTH) -> Path:
        groups = [f"{tile % 1000:03d}"]
        while tile >= 1000:
            tile //= 1000
            groups.insert(0, f"x{tile % 1000:03d}")
        if width < WIDTH:
            groups[-1] += ".p"
            groups.append(str(width))
        return self.folder.joinpath(str(level), *groups)
