"""Read what the command line names: a lock, a manifest, a folder of either kind, a package, or a bundle."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING

from builder.diff import snapshot
from builder.errors import PackageError, UsageError
from builder.lint import refuse
from builder.load import is_file_name
from builder.load.access import read
from builder.model import Bundle
from builder.text import files, urls
from builder.text.quoting import visible

if TYPE_CHECKING:
    from builder.diff.snapshot import TrustSnapshot
    from builder.load import Loading
    from builder.load.access import Access

_UNKNOWN = "unknown-format"  # the rule of the first stage


def take(name: str, access: Access, *, opaque: bool = False) -> TrustSnapshot:
    """Return what `name` holds: a file, a folder, - for standard input, or https://…#sha256=….

    `access` opens standard input and locked trust stores. With `opaque`, a file in an unknown format is
    one of which nothing more is known, and a certificate in a package that cannot be read is told, and
    neither is an error; a damaged package is an error always.

    Raises UsageError where there is nothing, and what reading it raises.
    """
    path = Path(name)
    if not name or not is_file_name(name):
        return _bundle(name, access)
    try:
        if path.is_dir():
            return snapshot.of_folder(path) or _bundle(name, access)
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return _bundle(name, access)  # which says that a pipe or a device is no file
        if status.st_size > files.PACKAGE_BYTES:
            raise PackageError(f"{visible(urls.shown(name))}: is larger than {files.PACKAGE_BYTES} bytes")
        data = files.read(path, files.PACKAGE_BYTES)
        return _of_file(path, data, access, opaque=opaque)
    except FileNotFoundError:
        raise UsageError(f"{visible(urls.shown(name))}: is no file or folder") from None
    except OSError as error:
        raise PackageError(f"{visible(urls.shown(name))}: cannot be read: {error.strerror}") from error


def _of_file(path: Path, data: bytes, access: Access, *, opaque: bool) -> TrustSnapshot:
    name, found = str(path), snapshot.of_file(path, data)
    if found:
        if found.unreadable and not opaque:
            raise PackageError(f"{visible(name)}: {found.unreadable[0]}")
        return found
    loading = read([name], access)
    if opaque and {finding.rule for finding in loading.findings} == {_UNKNOWN}:
        return snapshot.of_opaque(name, data, loading.findings[0].message)
    return _accepted(name, loading)


def _bundle(name: str, access: Access) -> TrustSnapshot:
    return _accepted(name, read([name], access))


def _accepted(name: str, loading: Loading) -> TrustSnapshot:
    """Return the certificates of a bundle, whatever lint says of them; what cannot be read still raises."""
    refuse(loading.findings)
    return snapshot.of_bundle(urls.shown(name), Bundle(loading.certificates))
