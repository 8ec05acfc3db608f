"""Remove what tests made as root, and never anything across a mount: there it is somebody else's."""

import re
import shlex
import subprocess
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
_MOUNT_POINT = 4  # the field of proc(5); blanks, newlines and backslashes in it are \ and three octal digits


class RemovalError(Exception):
    """A folder is not removed; the text says why, with the way out."""


def remove(folder: Path) -> None:
    """Remove a folder and all below it; raise RemovalError, and touch nothing, if a mount is in it."""
    if mounted := mounts(folder):
        points = shlex.join(map(str, reversed(mounted)))
        raise RemovalError(
            f"{folder}: cannot be removed: {mounted[0]} is mounted in it\nhint: umount {points}"
        )
    # rm compares devices, too: for what is mounted only now.
    subprocess.run(["rm", "--recursive", "--force", "--one-file-system", "--", folder], check=True)


def mounts(folder: Path) -> list[Path]:
    """Return what is mounted on a folder and below it, in the order of mounting."""
    lines = _MOUNTS.read_text("utf-8", "surrogateescape").splitlines()
    points = [Path(_unescaped(line.split(" ")[_MOUNT_POINT])) for line in lines]
    return [point for point in points if point.is_relative_to(folder.resolve())]


def _unescaped(field: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), field)
