"""The public keys that sign a log's checkpoints, one after another: who may have signed which checkpoint, from the first key on.

A key hands over to the next one in a checkpoint that both sign and whose line `next` names the next one: the old key's word alone
makes the new one's. From then on the old key signs nothing more, so that one that is stolen later signs no future. What the
log itself says of its keys is compared with this in `verify`; the private halves are in `signing_key`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rowcol_assets.audit.checkpoint import BadCheckpoint, Checkpoint, key_name, read
from rowcol_assets.audit.files import KEY, checkpoint_files


@dataclass(slots=True)
class Key:
    """A public key (signed-note's `name+id+key`) and the checkpoints it may sign: those of more than `since` events, or of as many
    where it took over, up to `until`. signed: how many it was found to have signed, from `first` to `last`.
    """

    verifier: str
    since: int = 0
    until: int | None = None
    signed: int = 0
    first: int | None = None
    last: int | None = None

    @property
    def name(self) -> str:
        """How people tell it from others: its id in hexadecimal."""
        return key_name(self.verifier)


class Keys:
    """The keys of a log as its checkpoints tell them, which are read in order of their sizes."""

    def __init__(self, first: str) -> None:
        self.known = [Key(first.strip())]

    def read(self, note: str) -> Checkpoint:
        """The checkpoint of a note that a key signed which may have; BadCheckpoint otherwise. A handover makes the next key known."""
        key, checkpoint = self._signed(note)
        if checkpoint.size < key.since:
            raise BadCheckpoint(f"key {key.name} signed it, which took over only at {key.since} events")
        if key.until is not None and checkpoint.size > key.until:
            raise BadCheckpoint(f"key {key.name} signed it, which handed over to another at {key.until} events")
        signers = [key]
        if checkpoint.next is not None and checkpoint.next != key.verifier:
            signers.append(self._handed_over(note, key, checkpoint, checkpoint.next))
        for signer in signers:
            signer.signed += 1
            signer.first = checkpoint.size if signer.first is None else signer.first
            signer.last = checkpoint.size
        return checkpoint

    def _signed(self, note: str) -> tuple[Key, Checkpoint]:
        refused: BadCheckpoint | None = None
        for key in reversed(self.known):
            try:
                return key, read(note, key.verifier)
            except BadCheckpoint as error:
                # That a signature is wrong says more than that it is another's.
                refused = error if refused is None or error.is_forged else refused
        raise refused or BadCheckpoint("no key is known")

    def _handed_over(self, note: str, key: Key, checkpoint: Checkpoint, following: str) -> Key:
        if key.until is not None:
            raise BadCheckpoint(f"key {key.name} hands over in it, which did so already at {key.until} events")
        try:
            read(note, following)
        except BadCheckpoint:
            raise BadCheckpoint(f"it hands over to key {key_name(following)}, which did not sign it") from None
        key.until = checkpoint.size
        self.known.append(Key(following, since=checkpoint.size))
        return self.known[-1]


def keys_of(anchors: Path) -> Keys:
    """The keys of an anchors folder, from its first one over every handover in it; OSError or BadCheckpoint when there is none.

    Whoever kept the first key and the checkpoints at which it was replaced has all of them.
    """
    keys = Keys((anchors / KEY).read_text())
    for _, path in checkpoint_files(anchors):
        note = path.read_text()
        if "\nnext " in note:
            keys.read(note)
    return keys
