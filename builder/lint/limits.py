"""What a certificate's own name constraints say, as people read it, and which runtimes keep to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from builder.lint import certificate
from builder.lint.conditions import OUTSIDE
from builder.lint.measured import measured

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography import x509

    from builder.model import Certificate


class NameConstraints(msgspec.Struct, frozen=True):
    """The names that a certificate permits and excludes, each as text; a kind is named where no text is."""

    permitted: tuple[str, ...]
    excluded: tuple[str, ...]


def name_constraints(item: Certificate) -> NameConstraints | None:
    """Return what a certificate constrains names to, None where it does not."""
    kinds = certificate.read(item).extensions.constraints
    if not kinds:
        return None
    return _read(item.der) or NameConstraints(*(_kinds(kinds, tree) for tree in ("permitted-", "excluded-")))


def _kinds(kinds: Iterable[str], tree: str) -> tuple[str, ...]:
    return tuple(sorted(kind.removeprefix(tree) for kind in kinds if kind.startswith(tree)))


def _read(der: bytes) -> NameConstraints | None:
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


def heeding() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the runtimes that keep to a root's constraints in every build that was measured, and the others.

    A name is that of a runtime without its version where all its versions answer alike.
    """
    answers: dict[str, dict[str, bool]] = {}
    for build in measured():
        if OUTSIDE in build.answers:
            kind = build.runtime.rstrip("0123456789.")
            heeds = answers.setdefault(kind, {}).get(build.runtime, True) and not build.answers[OUTSIDE]
            answers[kind][build.runtime] = heeds
    kept: list[str] = []
    ignored: list[str] = []
    for kind, runtimes in answers.items():
        alike = len({*runtimes.values()}) == 1
        for runtime, heeds in [(kind, all(runtimes.values()))] if alike else runtimes.items():
            (kept if heeds else ignored).append(runtime)
    return tuple(sorted(kept)), tuple(sorted(ignored))
