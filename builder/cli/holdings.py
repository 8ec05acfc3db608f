"""Read what the command line names: a lock, a manifest, a folder of either kind, a package, or a bundle."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from builder.holding import Holding


def hold(name: str, password_file: Path | None = None) -> Holding:
    """Return what `name` holds: a file, a folder, - for standard input, or https://…#sha256=….

    `password_file` opens locked trust stores.

    Raises UsageError where there is nothing, and what reading it raises.
    """
    from builder import holding
    from builder.errors import UsageError
    from builder.inspect import PackageError
    from builder.load import is_file_name
    from builder.quoting import visible

    path = Path(name)
    if not name or not is_file_name(name):
        return _bundle(name, password_file)
    try:
        if path.is_dir():
            return holding.of_folder(path) or _bundle(name, password_file)
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return _bundle(name, password_file)  # which says that a pipe or a device is no file
        if status.st_size > holding.MAX_BYTES:
            raise PackageError(f"{visible(name)}: is larger than {holding.MAX_BYTES} bytes")
        return holding.of_file(path, path.read_bytes()) or _bundle(name, password_file)
    except FileNotFoundError:
        raise UsageError(f"{visible(name)}: is no file or folder") from None
    except OSError as error:
        raise PackageError(f"{visible(name)}: cannot be read: {error.strerror}") from error


def _bundle(name: str, password_file: Path | None) -> Holding:
    """Return the certificates of a bundle, whatever lint says of them; what cannot be read still raises."""
    from builder.cli.lint import read
    from builder.holding import of_bundle
    from builder.lint import refuse
    from builder.model import Bundle

    loading = read([name], password_file=password_file)
    refuse(loading.findings)
    return of_bundle(name, Bundle(loading.certificates))
