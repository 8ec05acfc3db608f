"""The certificate authorities of one organisation, trusted by the Python clients of this environment.

Installing is enough: a start-up file beside this package adds the roots to what clients trust by default.
This module is the explicit interface. It imports next to nothing, because every program that uses TLS
imports it.
"""

import os

TYPE_CHECKING = False  # type checkers take it for typing's, whose import costs more than all of this module
if TYPE_CHECKING:
    import ssl
    from types import ModuleType
    from typing import Any, TypedDict

    class Certificate(TypedDict):
        """One certificate of the bundle: digests in lower-case hex, times in UTC (RFC 3339)."""

        sha256: str
        spki_sha256: str
        subject: str
        issuer: str
        serial: str
        key: str
        not_before: str
        not_after: str


__all__ = ["activate", "certificates", "contents", "create_default_context", "where"]

_copies: "dict[str, str]" = {}  # paths outside the archive that this package may be in, by the files' names


def where() -> str:
    """Return the path of the PEM file that holds these roots, and no others."""
    return _file("roots.pem")


def contents() -> str:
    """Return these roots, and no others, as PEM text."""
    return _read("roots.pem").decode("ascii")


def certificates() -> "list[Certificate]":
    """Return what an auditor asks of each root: fingerprints, names, key and validity."""
    found: list[Certificate] = _inventory()["certificates"]
    return found


def create_default_context() -> "ssl.SSLContext":
    """Return a client context that trusts the default roots and these, activated or not."""
    import ssl

    context = ssl.create_default_context()
    context.load_verify_locations(cadata=contents())
    return context


def activate() -> bool:
    """Make this process's clients trust these roots by default; return False where it is switched off.

    Only needed where no start-up file runs: frozen programs, zipapps, `python -S`, PYTHONPATH,
    `pip install --target`. Contexts that exist already stay as they are.
    """
    from . import _imports  # noqa: F401  install() asks for it by name, which packers of programs do not see

    return bool(_startup().install())


def _startup() -> "ModuleType":
    """Return the module that the start-up files run; it lies beside this package."""
    from ._about import startup

    module: ModuleType = startup
    return module


def _path(name: str) -> str:
    return os.path.join(os.path.dirname(__file__), name)


def _file(name: str) -> str:
    """Return the path of one of this package's files, or of a copy where they lie in an archive."""
    path = _path(name)
    return path if os.path.exists(path) else _unpacked(name)


def _read(name: str) -> bytes:
    # The loader reads from archives too.
    data: bytes = __spec__.loader.get_data(_path(name))  # type: ignore[union-attr]
    return data


def _inventory() -> "dict[str, Any]":
    import json

    value: dict[str, Any] = json.loads(_read("certificates.json"))
    return value


def _unpacked(name: str) -> str:
    """Return the path of a copy outside the archive this package is in; it lasts as long as its process."""
    import atexit
    import tempfile

    path = _copies.get(name, "")
    if not _owned(path):  # a forked child may outlive the parent that made it
        data = _read(name)  # before there is a file, which nobody would remove
        descriptor, path = tempfile.mkstemp(suffix=name)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        atexit.register(_remove, path, os.getpid())
        _copies[name] = path
    return path


def _owned(path: str) -> bool:
    """Tell whether a file of this user's is there: another may have come after a cleaner of old files."""
    try:
        owner = os.lstat(path).st_uid
    except OSError:
        return False
    return not hasattr(os, "geteuid") or owner == os.geteuid()


def _remove(path: str, maker: int) -> None:
    if os.getpid() == maker:  # forked children inherit this call, but not the file
        try:
            os.unlink(path)
        except OSError:  # gone already, or open on Windows: no reason to end with a traceback
            pass
