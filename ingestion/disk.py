"""Whether an error says that the disk takes nothing more, in the words of whichever library met it.

What is written is written beside and renamed, or in a transaction, so that a full disk loses nothing; a person is told of it as
what it is. Where that happens: the frame around each step (`rowcol_assets.assets.failing`) and the command line.
"""

from __future__ import annotations

import errno
import os

# The system's own words, which DuckDB and Arrow repeat, and SQLite's.
TOLD_AS = (*(os.strerror(code) for code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)), "database or disk is full")


def full_disk(error: BaseException) -> str | None:
    """A sentence for people if `error`, or one that it came of, says that the disk is full; None for any other.

    Nothing of the error's own text is in it: that can hold what the code was working on.
    """
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        said = next((words for words in TOLD_AS if words in str(cause)), None)
        if said is not None:
            return f"the disk takes nothing more ({said}): make room and run again, what is stored is whole"
        cause = cause.__cause__ or cause.__context__
    return None
