"""Encrypts what is confidential before it reaches the database, and rotates the key it does so with.

The key comes from ROWCOL_SECRET_KEY (several, separated by commas, newest first) or from a 0600 file in the home that
is made on first use. Each ciphertext names the row it belongs to, so that one moved to another tenant's row is refused.
Where the rows live: `ingestion.control.tokens`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from ingestion.errors import RowcolError, UsageError
from ingestion.files import sync_dir, write_atomic
from ingestion.settings import Settings

KEY_FILE = "secret.key"
SHORTEST_PASSPHRASE = 16


class Vault:
    """Seals and opens JSON values under the first key, and opens those of older keys."""

    def __init__(self, keys: list[bytes]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def seal(self, row: Mapping[str, str], value: Mapping[str, Any]) -> bytes:
        """`value` as ciphertext bound to `row` (the key columns)."""
        return self._fernet.encrypt(json.dumps({"row": dict(row), "value": dict(value)}).encode())

    def open(self, row: Mapping[str, str], ciphertext: bytes) -> dict[str, Any]:
        """The value sealed for `row`; RowcolError when the key is another one or the ciphertext another row's."""
        whose = f"{row['business_id']} on {row['rail']}"
        try:
            content = json.loads(self._fernet.decrypt(bytes(ciphertext)))
        except InvalidToken:
            raise RowcolError(
                f"the credentials of {whose} cannot be decrypted: ROWCOL_SECRET_KEY or {KEY_FILE} is not the key they were sealed with"
            ) from None
        if content["row"] != dict(row):
            raise RowcolError(f"the stored credentials of {whose} belong to another connection: onboard it again")
        value: dict[str, Any] = content["value"]
        return value

    def reseal(self, ciphertext: bytes) -> bytes:
        """The same content under the first key."""
        return self._fernet.rotate(bytes(ciphertext))


def open_vault(settings: Settings) -> Vault:
    """The vault of a home; makes a key file when there is neither a setting nor a file."""
    if settings.secret_key is not None:
        return Vault([_key(text) for text in settings.secret_key.get_secret_value().split(",")])
    return Vault(read_key_file(settings.home / KEY_FILE))


def read_key_file(path: Path) -> list[bytes]:
    """The keys of `path`, newest first; makes it with a fresh key. Of two processes that make it, both use the first's."""
    if not path.exists():
        draft = path.with_name(f"{path.name}.{uuid4().hex}")
        write_atomic(draft, Fernet.generate_key() + b"\n")
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
        sync_dir(path.parent)
    if path.stat().st_mode & 0o077:
        raise RowcolError(f"{path} can be read by others: chmod 600 it, and rotate the key if they had the chance")
    return path.read_bytes().split()


def add_key(settings: Settings) -> None:
    """Puts a fresh key before those of the key file; UsageError when the key comes from ROWCOL_SECRET_KEY."""
    if settings.secret_key is not None:
        raise UsageError("ROWCOL_SECRET_KEY holds the key: put the new one before it, with a comma, then rotate")
    path = settings.home / KEY_FILE
    write_atomic(path, b"\n".join([Fernet.generate_key(), *read_key_file(path)]) + b"\n")


def drop_old_keys(settings: Settings) -> None:
    """Leaves only the newest key in the key file, once nothing is sealed under an older one."""
    path = settings.home / KEY_FILE
    write_atomic(path, read_key_file(path)[0] + b"\n")


def _key(text: str) -> bytes:
    """A Fernet key as given, or one derived from a passphrase (scrypt, 50 ms; the salt only separates it from other uses)."""
    text = text.strip()
    try:
        Fernet(text.encode())
    except ValueError:
        if len(text) < SHORTEST_PASSPHRASE:
            raise UsageError(f"ROWCOL_SECRET_KEY is too short: a Fernet key, or at least {SHORTEST_PASSPHRASE} characters") from None
        return base64.urlsafe_b64encode(hashlib.scrypt(text.encode(), salt=b"rowcol.secret.v1", n=2**14, r=8, p=1, dklen=32))
    return text.encode()
