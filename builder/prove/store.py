"""What a sandbox trusts: its trust store's certificates and the bytes of its files, to be compared."""

from __future__ import annotations

import hashlib
import io
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from builder.errors import ProofError
from builder.load import jks
from builder.model import Finding, Origin
from builder.model.packagemanagers import MANAGERS
from builder.x509 import pem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from builder.prove.sandbox import Sandbox

# Of all systems that are known: a sandbox has those of its own.
_PATHS = sorted({path for manager in MANAGERS.values() for path in manager.store})
_LABELS = frozenset({"CERTIFICATE"})
_PASSWORDS = ("changeit", "")  # what distributions give Java's own store


@dataclass(frozen=True, slots=True)
class Store:
    """A trust store at one moment.

    `files` maps paths to what they hold (a link's is its target), but for Java's key stores, which hold the
    time of each change; `certificates` maps each bundle's path to the SHA-256 of its certificates.
    """

    files: Mapping[str, bytes]
    certificates: Mapping[str, frozenset[str]]

    def changes(self, since: Store) -> list[str]:
        """Return the paths that are new, gone or different, sorted."""
        old = {**since.files, **since.certificates}
        new = {**self.files, **self.certificates}
        return sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))


def snapshot(sandbox: Sandbox) -> Store:
    """Return the trust store of `sandbox` as it is now."""
    files: dict[str, bytes] = {}
    certificates: dict[str, frozenset[str]] = {}
    with tarfile.open(fileobj=io.BytesIO(sandbox.archive(_PATHS))) as archive:
        for member in archive:
            path = member.name.removeprefix(".")
            if member.isdir():
                continue
            stream = None if member.issym() else archive.extractfile(member)
            data = stream.read() if stream else f"-> {member.linkname}".encode()
            if data.startswith(jks.MAGICS):
                certificates[path] = frozenset(map(_fingerprint, _jks(data, path)))
                continue
            files[path] = data
            if found := frozenset(map(_fingerprint, _pem(data, path))):
                certificates[path] = found
    return Store(files, certificates)


def _fingerprint(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _pem(data: bytes, path: str) -> Iterator[bytes]:
    for block in pem.embedded(data, path, _LABELS):
        if isinstance(block, Finding):
            raise ProofError(f"{block.origin}: {block.message}")
        yield block.data


def _jks(data: bytes, path: str) -> Iterator[bytes]:
    """Yield each trusted certificate's DER of a Java key store."""
    for item in jks.read(data, Origin(path), _PASSWORDS):
        if isinstance(item, bytes):
            yield item
        elif item.rule != "no-certificates":
            raise ProofError(f"{path}: {item.message}")
