"""Run a command on a real disk of its own that is full, or that was mounted read-only meanwhile.

It prints what `rehearse` does. The program must be in a mount namespace of its own.
"""

from __future__ import annotations

import subprocess
from functools import partial
from typing import TYPE_CHECKING

from tests.crash import rehearse
from tests.tools import require

if TYPE_CHECKING:
    from pathlib import Path

_SIZE = 16 << 20
_PAGE = 4096  # bytes, by which a tmpfs counts


def main(name: str, folder: Path, *pages: int) -> None:
    """Rehearse a case on a disk with room for so many pages, for each number of them; and on no disk."""
    _mount("-t", "tmpfs", "-o", f"size={_SIZE}", "none", folder)
    try:
        rehearsal = rehearse.Rehearsal(name, folder)
        for count in pages:
            rehearsal.row("ENOSPC", count, "a real disk", partial(_full, rehearsal, folder / "fill", count))
        rehearsal.row("EROFS", 0, "a real mount", partial(_read_only, rehearsal, folder))
    finally:
        subprocess.run([require("umount"), "--lazy", folder], check=True)


def _full(rehearsal: rehearse.Rehearsal, fill: Path, pages: int) -> rehearse.Ended:
    try:
        with fill.open("wb", buffering=0) as stream:
            try:
                while True:
                    stream.write(bytes(_PAGE))
            except OSError:
                stream.truncate(stream.tell() - pages * _PAGE)
        return rehearsal.run()
    finally:
        fill.unlink()


def _read_only(rehearsal: rehearse.Rehearsal, folder: Path) -> rehearse.Ended:
    _mount("-o", "remount,ro", folder)
    try:
        return rehearsal.run()
    finally:
        _mount("-o", "remount,rw", folder)


def _mount(*words: str | Path) -> None:
    subprocess.run([require("mount"), *words], check=True)
