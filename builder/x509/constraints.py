"""What a certificate's own name constraints say (RFC 5280 section 4.2.1.10), as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from builder.x509 import structure
from builder.x509.der import DerError

if TYPE_CHECKING:
    from cryptography import x509

_OID = "2.5.29.30"


class NameConstraints(msgspec.Struct, frozen=True):
    """The names that a certificate permits and excludes, each as text; a kind is named where no text is.

    Without either there are constraints, but what they say could not be read.
    """

    permitted: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


def constraints(der: bytes) -> NameConstraints | None:
    """Return what a certificate constrains names to, None where it does not constrain any."""
    try:
        extensions = structure.parse(der).extensions
    except DerError:
        return None
    if all(one.oid != _OID for one in extensions):
        return None
    return values(der) or NameConstraints()


def values(der: bytes) -> NameConstraints | None:
    """Return the constraints with their values, None where cryptography is stricter than we are."""
    from cryptography import x509

    try:
        found = x509.load_der_x509_certificate(der).extensions.get_extension_for_class(x509.NameConstraints)
    except (
        ValueError,
        TypeError,
        x509.UnsupportedGeneralNameType,
        x509.ExtensionNotFound,
        x509.DuplicateExtension,
    ):
        return None
    trees = (found.value.permitted_subtrees, found.value.excluded_subtrees)
    return NameConstraints(*(tuple(_text(name) for name in tree or ()) for tree in trees))


def _text(name: x509.GeneralName) -> str:
    value = getattr(name.value, "rfc4514_string", lambda: str(name.value))()
    return value or "all names"


def worded(limits: NameConstraints) -> str:
    """Return them as people read them, in one line."""
    parts = {"permits": limits.permitted, "excludes": limits.excluded}
    told = "; ".join(f"{word} {', '.join(names)}" for word, names in parts.items() if names)
    return told or "constrains names in a way that cannot be read"
