"""What is inside a built package: frozen, comparable facts, whatever the format.

Two builds of the same content compare equal; a change in any file, script or field shows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.model import CertificateSummary

Kind = Literal["file", "dir", "link"]


class Malformed(Exception):  # noqa: N818  never leaves builder.inspect: read() names the file and raises PackageError
    """What is wrong inside a package, before it is known which file that is."""


def text(raw: bytes) -> str:
    """Decode UTF-8; bytes that are none stay visible as escapes."""
    return raw.decode("utf-8", "backslashreplace")


@dataclass(frozen=True, slots=True)
class Entry:
    """One unpacked entry; `owner` reads "user:group", empty where the format has none."""

    path: str
    data: bytes = field(default=b"", repr=False)
    mode: int = 0o644
    kind: Kind = "file"
    owner: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A package as its format module hands it over: verified against its own checksums.

    `metadata` has the format's own field names; `scripts` holds whatever runs without being called:
    maintainer scripts, npm's lifecycle scripts, Python start-up hooks, RubyGems plugins.
    """

    format: str
    name: str
    version: str
    metadata: Mapping[str, str]
    entries: tuple[Entry, ...]
    scripts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Member:
    """One file, folder or link of a package; `sha256` (hex) is empty for folders and links."""

    path: str
    kind: Kind
    mode: int
    size: int
    sha256: str
    owner: str
    link: str


@dataclass(frozen=True, slots=True)
class Held:
    """One certificate, how people call it, and the file of the package that holds it."""

    file: str
    label: str
    certificate: CertificateSummary


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything inspect knows of one package: files by path, certificates by file and in file order.

    `certificates` are those that clients are made to trust. `distrusted` are the others, in p11-kit's
    blocklists and in the list that packages carry; None where nothing in the package could say so.
    """

    format: str
    name: str
    version: str
    metadata: Mapping[str, str]
    files: tuple[Member, ...]
    scripts: Mapping[str, str]
    certificates: tuple[Held, ...]
    distrusted: tuple[Held, ...] | None = None

    @property
    def fingerprints(self) -> frozenset[str]:
        """The SHA-256 of each trusted certificate, once, however many files hold it."""
        return frozenset(held.certificate.sha256 for held in self.certificates)
