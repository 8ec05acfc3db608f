"""No package of a site comes in the place of another's, or unasked, whatever its release says."""

from __future__ import annotations

import pytest

from builder import inspect
from builder.errors import PackageError
from builder.formats.unpacked import Unpacked
from builder.repositories import displacing
from tests.unit.repositories.ecosystems import shelves


@pytest.mark.parametrize("target", ["deb", "rpm", "apk", "arch", "wheel", "npm", "gem"])
def test_what_trustpack_builds_displaces_nobody(target: str) -> None:
    """A package provides itself, which is no other's name."""
    package = shelves.released(target, "2026.10")
    displacing.refuse(package.filename, inspect.unpack(package.filename, package.data), "acme")


@pytest.mark.parametrize(
    ("form", "field", "value", "told"),
    [
        ("rpm", "Obsoletes", "acme-old, bash", "obsoletes: bash"),
        ("rpm", "Provides", "acme-ca, /bin/sh", "provides: /bin/sh"),
        ("deb", "Provides", "acme-x (= 1), libssl3 (= 99)", "provides: libssl3"),
        ("deb", "replaces", "acme-x | ca-certificates", "replaces: ca-certificates"),
        ("apk", "provides", "bash=99", "provides: bash"),
        ("pacman", "replaces", "openssl", "replaces: openssl"),
        ("deb", "Essential", "yes", "has essential, so that machines would install it unasked"),
        ("apk", "install_if", "alpine-baselayout", "has install_if, so that machines"),
    ],
)
def test_a_package_that_takes_anothers_place_is_refused(form: str, field: str, value: str, told: str) -> None:
    """An upgrade by dnf takes what obsoletes an installed package, if includepkgs has only its own name."""
    package = Unpacked(form, "acme-ca", "1", {field: value}, (), {})
    with pytest.raises(PackageError, match=f"^a: {told}"):
        displacing.refuse("a", package, "acme")


def test_ones_own_packages_may_be_displaced() -> None:
    """They are the organisation's, and no slug is part of another word."""
    for slug, name in (("acme", "acme-old (<< 2)"), ("sh", "sh-ca")):
        displacing.refuse("a", Unpacked("deb", "a", "1", {"Replaces": name}, (), {}), slug)
    with pytest.raises(PackageError, match="bash is somebody else's"):
        displacing.refuse("a", Unpacked("deb", "a", "1", {"Replaces": "bash"}, (), {}), "sh")
