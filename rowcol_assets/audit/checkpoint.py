"""A checkpoint: how long the log was at one moment and the roots that stand for all of it, signed.

Its form is that of C2SP's tlog-checkpoint, a signed note: origin, number of events, root of the event tree in base64, then
the extension lines `heads <businesses> <root>` with the root over the heads of all businesses and `after <hash>` with the
SHA-256 of the text of the checkpoint before it, a blank line and the signature. Checkpoints of older logs have no `after`. The
one at which another key takes over has a line `next <public key>` and a signature of either; the succession is `keys`' subject.
Checkpoints lie in a folder of their own, which may be on another machine: what they say of the past cannot be changed
together with the log. Sources: https://c2sp.org/tlog-checkpoint, https://c2sp.org/signed-note.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"
DASH = "\u2014"
# What the first checkpoint of a log comes after.
FIRST = hashlib.sha256(b"").digest()


class BadCheckpoint(Exception):
    """A checkpoint that cannot be read or whose signature is not the key's; the message says which. is_forged: by a wrong signature."""

    def __init__(self, message: str, *, is_forged: bool = False) -> None:
        super().__init__(message)
        self.is_forged = is_forged


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """size: events in the log; root: of the event tree; businesses: chains; heads_root: of the tree over their heads.

    after: the `digest` of the checkpoint before this one, FIRST of the first, None where the line was not known yet. next: the
    public key that takes over here.
    """

    origin: str
    size: int
    root: bytes
    businesses: int
    heads_root: bytes
    after: bytes | None = None
    next: str | None = None

    @property
    def text(self) -> str:
        """What is signed."""
        after = "" if self.after is None else f"after {_encoded(self.after)}\n"
        following = "" if self.next is None else f"next {self.next}\n"
        heads = f"heads {self.businesses} {_encoded(self.heads_root)}\n"
        return f"{self.origin}\n{self.size}\n{_encoded(self.root)}\n{heads}{after}{following}"

    @property
    def digest(self) -> bytes:
        """What the next checkpoint names this one by."""
        return hashlib.sha256(self.text.encode()).digest()


def sign(checkpoint: Checkpoint, *keys: Ed25519PrivateKey) -> str:
    """The checkpoint as a note that each of the keys signed."""
    signed = ((_key_id(checkpoint.origin, key.public_key().public_bytes_raw()), key.sign(checkpoint.text.encode())) for key in keys)
    lines = (f"{DASH} {checkpoint.origin} {_encoded(identity + signature)}\n" for identity, signature in signed)
    return f"{checkpoint.text}\n{''.join(lines)}"


def verifier_key(origin: str, key: Ed25519PrivateKey) -> str:
    """The public key as a line of text (signed-note's `name+id+key`)."""
    public = key.public_key().public_bytes_raw()
    return f"{origin}+{_key_id(origin, public).hex()}+{_encoded(ED25519 + public)}"


def key_name(verifier: str) -> str:
    """The id of a public key, in hexadecimal, as `verifier_key` writes it."""
    return verifier.strip().partition("+")[2].partition("+")[0]


def read(note: str, verifier: str) -> Checkpoint:
    """The checkpoint of a signed note; BadCheckpoint unless the key of `verifier` signed exactly this."""
    origin, public = _public_key(verifier)
    text, found, signatures = note.rpartition("\n\n")
    if not found:
        raise BadCheckpoint("it has no signature")
    text += "\n"
    expected = f"{DASH} {origin} "
    for line in signatures.splitlines():
        if line.startswith(expected):
            signature = _decoded(line.removeprefix(expected))
            if signature[:4] == _key_id(origin, public.public_bytes_raw()):
                try:
                    public.verify(signature[4:], text.encode())
                except InvalidSignature:
                    raise BadCheckpoint("its signature does not fit its text", is_forged=True) from None
                return _parsed(text, origin)
    raise BadCheckpoint(f"it is not signed by a key of {origin} that was known by then")


def _parsed(text: str, origin: str) -> Checkpoint:
    lines = text.splitlines()
    if len(lines) < 4 or lines[0] != origin:
        raise BadCheckpoint("it is of another log")
    heads = lines[3].split(" ")
    if not lines[1].isdecimal() or len(heads) != 3 or heads[0] != "heads" or not heads[1].isdecimal():
        raise BadCheckpoint("its lines are not those of a checkpoint")
    after, following = (
        next((line.removeprefix(name) for line in lines[4:] if line.startswith(name)), None) for name in ("after ", "next ")
    )
    return Checkpoint(
        origin,
        int(lines[1]),
        _decoded(lines[2]),
        int(heads[1]),
        _decoded(heads[2]),
        None if after is None else _decoded(after),
        following,
    )


def _public_key(verifier: str) -> tuple[str, Ed25519PublicKey]:
    origin, _, rest = verifier.strip().partition("+")
    identity, _, encoded = rest.partition("+")
    key = _decoded(encoded)
    if key[:1] != ED25519 or len(key) != 33 or _key_id(origin, key[1:]).hex() != identity:
        raise BadCheckpoint("the public key beside it is none")
    return origin, Ed25519PublicKey.from_public_bytes(key[1:])


def _key_id(origin: str, public: bytes) -> bytes:
    return hashlib.sha256(origin.encode() + b"\n" + ED25519 + public).digest()[:4]


def _encoded(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadCheckpoint("a value of it is not base64") from None
