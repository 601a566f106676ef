"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from softac import _core


@contextmanager
def replaced_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A file to write. It takes the place of `path` when the block ends, and leaves nothing where the block raises.

    Folders that are missing are made. IoError where the path is a device, a pipe or a folder: a file renamed over
    /dev/null would take its place.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists() and not target.is_file():
        raise _core.IoError(f"cannot replace {target}: not a regular file")
    beside = target.with_name(f"{target.name}.{os.getpid()}-{threading.get_native_id()}.tmp")
    try:
        with open(beside, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
