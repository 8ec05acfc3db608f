"""A site is held to its signatures, its releases' statements, a lock and what was seen of it."""

from __future__ import annotations

import datetime as dt
import shutil
from typing import TYPE_CHECKING

import msgspec
import pytest
from msgspec.structs import replace

from builder.errors import SignatureError, SiteError, VerificationError
from builder.lifecycle import lockfile
from builder.provenance import verify_site
from builder.provenance.verify_site import SiteExpectation
from builder.repositories import published_keys
from builder.repositories.records import SeenSite
from builder.repositories.status import STATUS
from builder.signing import site_keys, site_verifier
from builder.signing.site_verifier import SiteVerifier
from tests import site_keys as made
from tests.unit.provenance import projects

if TYPE_CHECKING:
    from pathlib import Path

    from builder.lifecycle.lock import Lock
    from builder.provenance.verification import Verification

NOW = int(projects.NOW.timestamp())
CHECKS = {"files", "site", "signatures", "status", "statement", "lock", "rebuild"}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build, attest, sign and publish a release; no test changes this folder, or the keys beside it."""
    folder = tmp_path_factory.mktemp("published")
    dist = projects.signed(folder / "one", folder / "keys", targets="apk, deb, homebrew, own, rpm")
    projects.site(folder / "site", [dist], folder / "keys")
    return folder


@pytest.fixture
def site(tmp_path: Path, published: Path) -> Path:
    """Return a copy of that site."""
    return shutil.copytree(published / "site", tmp_path / "site")


@pytest.fixture
def lock(published: Path) -> Lock:
    """Return the lock of its project."""
    found = lockfile.read(published / "one" / "trustpack.lock")
    assert found
    return found


def verified(site: Path, keys: Path, expected: SiteExpectation) -> Verification:
    """Verify a site by a folder of keys."""
    ring = site_keys.read_public(keys)
    scratch = site.parent / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    return verify_site.verify(
        "site", site, expected, keys=ring, verifier=site_verifier.of_keyring(ring), scratch=scratch
    )[0]


def told(site: Path, published: Path, expected: SiteExpectation) -> dict[str, str]:
    """Return what is wrong with a site, by file."""
    found = verified(site, published / "keys", expected)
    return {one.file: one.problem for one in found.discrepancies}


def test_a_site_as_it_was_published_has_no_difference(site: Path, published: Path, lock: Lock) -> None:
    """With all that somebody can know of it: a lock, and an earlier look."""
    expected = SiteExpectation(projects.NOW, SeenSite("acme", 1, NOW), lock, "trustpack.lock")
    found = verified(site, published / "keys", expected)
    assert () == found.discrepancies
    assert CHECKS == {one.check for one in found.examined if one.done}


def test_what_was_not_verified_of_a_site_is_said(site: Path, published: Path) -> None:
    """Whether it is an old one, and its CAs against a lock."""
    found = verified(site, published / "keys", SiteExpectation(projects.NOW))
    assert () == found.discrepancies
    assert {"status", "lock"} == {one.check for one in found.examined if not one.done}


def test_an_expired_site_is_a_difference(site: Path, published: Path) -> None:
    """From the second at which its signatures end; and so is one that is signed tomorrow."""
    ends = dt.datetime.fromtimestamp(NOW, dt.UTC) + dt.timedelta(days=60)
    assert {} == told(site, published, SiteExpectation(ends - dt.timedelta(seconds=1)))
    assert "has expired on" in told(site, published, SiteExpectation(ends))[STATUS]
    before = projects.NOW - dt.timedelta(days=1)
    assert "a clock is wrong" in told(site, published, SiteExpectation(before))[STATUS]


def test_an_older_site_than_the_one_that_was_seen_is_refused(site: Path, published: Path) -> None:
    """So is another organisation's, and one that does not follow."""
    for seen, said in (
        (SeenSite("acme", 2, NOW), "2 was seen before"),
        (SeenSite("evil", 1, NOW), "was evil's"),
        (SeenSite("acme", 1, NOW - 1), "does not follow"),
    ):
        with pytest.raises(VerificationError, match=said):
            verified(site, published / "keys", SiteExpectation(projects.NOW, seen))


def test_another_key_and_no_site_are_refused(site: Path, published: Path, tmp_path: Path) -> None:
    """Before anything of it is believed."""
    strange = replace(site_keys.read_public(published / "keys"), published=made.keyring(3).published)
    with pytest.raises(VerificationError, match="none of the keys"):
        verify_site.verify(
            "site",
            site,
            SiteExpectation(projects.NOW),
            keys=strange,
            verifier=site_verifier.of_keyring(strange),
            scratch=_new(tmp_path / "scratch"),
        )
    with pytest.raises(VerificationError, match="holds no site"):
        verified(_new(tmp_path / "empty"), published / "keys", SiteExpectation(projects.NOW))


def test_one_key_that_signs_is_enough_to_know_the_others(tmp_path: Path, published: Path) -> None:
    """Also the one before the current one, in the middle of a rotation, and never the next one."""
    ring = made.keyring(2, 1, published=(3,))
    site = projects.site(tmp_path / "site", [published / "one" / "dist"], ring)
    for generation in (0, 1):
        given = SiteVerifier((ring.published[generation].openpgp,), {})
        keys, verifier = published_keys.read(site, given)
        assert [ring.roles, ring.certificates, ring.apk_keys, ring.statement_keys, ring.signer] == [
            keys.roles, keys.certificates, keys.apk_keys, keys.statement_keys, keys.signer,
        ]  # fmt: skip
    found, _ = verify_site.verify(
        "site",
        site,
        SiteExpectation(projects.NOW),
        keys=keys,
        verifier=verifier,
        scratch=_new(tmp_path / "scratch"),
    )
    assert () == found.discrepancies
    with pytest.raises(SignatureError):
        published_keys.read(site, SiteVerifier((ring.published[2].openpgp,), {}))
    (site / "acme.asc").write_bytes(ring.certificate[:-1])
    with pytest.raises(SiteError, match=r"acme\.asc: is not what the site's list says"):
        published_keys.read(site, given)


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_another_lock_is_told(site: Path, published: Path, lock: Lock) -> None:
    """By its release, its organisation and its CAs."""
    one, blocked = lock.certificates
    strange = msgspec.structs.replace(one, sha256="0" * 64)
    newest = replace(lock.history[0], release="2026.2")
    for other, said in (
        (replace(lock, organisation="evil"), "is of acme, and trustpack.lock of evil"),
        (replace(lock, history=(newest,)), "and trustpack.lock has 2026.2"),
        (replace(lock, certificates=(one, blocked, strange)), f"lacks the CA {'0' * 64}"),
        (replace(lock, certificates=(one,)), f"distrusts the CA {blocked.sha256}, which is none"),
    ):
        found = told(site, published, SiteExpectation(projects.NOW, None, other, "trustpack.lock"))
        assert [STATUS] == list(found)
        assert said in found[STATUS]


def test_a_changed_document_is_named(site: Path, published: Path) -> None:
    """Statement, envelope, source and all: each by its path."""
    documents = sorted(path for path in (site / "trustpack" / "documents").rglob("*") if path.is_file())
    assert 5 == len(documents)
    for path in documents:
        data = path.read_bytes()
        path.write_bytes(data[:-9] + b"x" + data[-8:])
        found = told(site, published, SiteExpectation(projects.NOW))
        assert [str(path.relative_to(site))] == list(found)
        path.write_bytes(data)
