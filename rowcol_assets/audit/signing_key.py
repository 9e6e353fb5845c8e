"""The private key that signs a log's checkpoints, and the one that is to take over from it, as files for their owner alone.

The next key lies beside the present one from before it is announced until the checkpoint that both sign is on the disk; then it
takes the other's place, which is gone. Whoever finds it there after a crash asks the last checkpoint which of the two it was.
"""

from __future__ import annotations

import base64
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ingestion.files import sync_dir, write_atomic


def make_key(path: Path) -> Ed25519PrivateKey:
    """A key of its own for a log that has none yet."""
    key = Ed25519PrivateKey.generate()
    write_atomic(path, base64.b64encode(key.private_bytes_raw()))
    return key


def held_key(path: Path) -> Ed25519PrivateKey | None:
    """The key in a file, None where there is no file."""
    try:
        return Ed25519PrivateKey.from_private_bytes(base64.b64decode(path.read_bytes()))
    except FileNotFoundError:
        return None


def next_path(path: Path) -> Path:
    """Where the key lies that is to take over from the one at `path`."""
    return path.with_name(f"{path.name}.next")


def take_over(path: Path) -> None:
    """Puts the next key in the place of the one at `path`."""
    next_path(path).replace(path)
    sync_dir(path.parent)
