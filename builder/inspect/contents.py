"""What is inside a built package: frozen, comparable facts, whatever the format.

Two builds of the same content compare equal; a change in any file, script or field shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.formats.unpacked import Kind
    from builder.model import CertificateSummary
    from builder.x509.constraints import NameConstraints


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
    """One certificate, how people call it, and the file of the package that holds it.

    Its `domains` are what the package says it is meant for, whether or not clients keep to that, and
    `constraints` the name constraints of the certificate itself, None where it has none or is not there.
    """

    file: str
    label: str
    certificate: CertificateSummary
    constraints: NameConstraints | None = None


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with one file or script of a package: a certificate in it, or that it holds a key."""

    file: str
    what: str


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything inspect knows of one package: files by path, certificates by file and in file order.

    `certificates` are those that clients are made to trust. `distrusted` are the others, in p11-kit's
    blocklists and in the list that packages carry; None where nothing in the package could say so.
    `unreadable` are the certificates that cannot be read, `private_keys` what no package may hold.
    """

    format: str
    name: str
    version: str
    metadata: Mapping[str, str]
    files: tuple[Member, ...]
    scripts: Mapping[str, str]
    certificates: tuple[Held, ...]
    distrusted: tuple[Held, ...] | None = None
    unreadable: tuple[Flaw, ...] = ()
    private_keys: tuple[Flaw, ...] = ()

    @property
    def fingerprints(self) -> frozenset[str]:
        """The SHA-256 of each trusted certificate, once, however many files hold it."""
        return frozenset(held.certificate.sha256 for held in self.certificates)
