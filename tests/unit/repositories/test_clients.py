"""What machines are told of a site, word for word."""

from __future__ import annotations

import hashlib
import subprocess
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from builder.model import Organisation
from builder.render.shipped import ROOT
from builder.repositories import clients
from builder.repositories.publication import Publication
from builder.text import document

if TYPE_CHECKING:
    from pathlib import Path

ACME = Organisation(
    slug="acme",
    name="Acme",
    homepage="https://acme.example",
    contact_name="Acme",
    contact_email="ca@acme.example",
    license="Apache-2.0",
    summary="CA certificates of Acme",
    description="",
)
UNSIGNED = Publication(
    organisation=ACME, url="https://ca.acme.example", time=0, expires=1, counter=1, keys=None
)
NAMES = ("acme-ca-certs", "acme-repository")


def test_an_unsigned_site_is_said_to_be_trusted_in_so_many_words() -> None:
    """Without keys apt is told to trust the source, and dnf to check nothing."""
    assert "Trusted: yes\n" in clients.sources(UNSIGNED, NAMES)
    assert "Signed-By" not in clients.sources(UNSIGNED, NAMES)
    assert "gpgcheck=0\nrepo_gpgcheck=0\n" in clients.dnf(UNSIGNED, NAMES)
    assert "SigLevel = Never\n" in clients.pacman(UNSIGNED)


def test_apt_takes_only_the_sites_own_names_from_it() -> None:
    """Everything of the site's origin is refused, but for its own names."""
    expected = (
        "Package: *\nPin: release o=acme,l=acme\nPin-Priority: -1\n\n"
        "Package: acme-ca-certs acme-repository\nPin: release o=acme,l=acme\nPin-Priority: 990\n"
    )
    assert expected == clients.preferences(UNSIGNED, NAMES)


def test_names_are_sorted_so_that_no_order_changes_a_package() -> None:
    """The texts do not depend on the order in which packages came to the site."""
    for text in (clients.sources, clients.preferences, clients.dnf):
        assert text(UNSIGNED, NAMES) == text(UNSIGNED, reversed(NAMES))


def test_the_repository_package_is_always_among_a_sites_own_names() -> None:
    """What brings the next key is never refused."""
    assert ["acme-ca-certs", "acme-repository"] == clients.own(["acme-ca-certs"], ACME)


def test_a_name_without_the_slug_is_never_the_sites_own() -> None:
    """Whatever is in the index, ORG-repository tells no machine to take somebody else's package."""
    assert ["acme-ca-certs", "acme-repository"] == clients.own(["acme-ca-certs", "bash"], ACME)


def test_a_slug_that_is_part_of_a_word_makes_no_name_the_sites_own() -> None:
    """Of slug `sh`, bash is somebody else's, as it is in the configuration; and so are well-known names."""
    for slug, others in (
        ("sh", ["bash", "openssh-server"]),
        ("ca", ["ca-certificates"]),
        ("ssl", ["openssl"]),
    ):
        own = clients.own([f"{slug}-roots", *others], replace(ACME, slug=slug))
        assert sorted([f"{slug}-roots", f"{slug}-repository"]) == own


def test_nobody_else_can_change_a_key_once_it_was_checked(tmp_path: Path) -> None:
    """People type these lines in /tmp, where another user may have made the file before them."""
    shared, programs = tmp_path / "tmp", tmp_path / "bin"
    shared.mkdir()
    programs.mkdir()
    for name, text in {
        "curl": 'printf key >"$2"',
        # Somebody changes whatever lies in the folder as soon as it was checked.
        "sha256sum": f'/usr/bin/sha256sum "$@" && for file in {shared}/*; do echo theirs >"$file"; done',
        "sudo": 'exec "$@"',
    }.items():
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    digest, target = hashlib.sha256(b"key").hexdigest(), tmp_path / "keyring" / "acme.asc"
    lines = clients.checked("https://ca.acme.example/acme.asc", str(target), digest)
    environment = {"PATH": f"{programs}:/usr/bin:/bin", "TMPDIR": str(tmp_path)}
    subprocess.run(["sh", "-c", lines], cwd=shared, env=environment, capture_output=True, check=True)
    assert b"key" == target.read_bytes()


@pytest.mark.parametrize("target", ["deb", "rpm", "apk", "arch"])
def test_the_usual_name_is_the_recipes(target: str) -> None:
    """By it a site knows the package of the CAs among others."""
    found = document.parse((ROOT / "recipes" / f"{target}.yaml").read_text("utf-8"), "").value
    assert clients.usual(UNSIGNED.organisation) == str(found["name"]).format(slug=UNSIGNED.organisation.slug)
