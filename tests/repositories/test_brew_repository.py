"""The tap as Git reads it over HTTP; what brew does with it was tried by hand, see the guide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from builder.repositories import publish
from builder.repositories import site as sites
from tests.repositories import projects
from tests.repositories.clean import clean

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.repositories.sites import Releases, Site

_FORMULA = "Formula/acme-ca-certs.rb"


def _git(folder: Path, *words: str) -> str:
    done = clean(folder, "git", *words)
    assert done.code == 0, done.out
    return done.out


def _tap(site: Site) -> str:
    """Return the address of the tap, as the site's own line has it."""
    return projects.instructions(site, "brew")["brew"].setup.split()[-1]


def test_a_clone_pulls_each_release(
    open_site: Callable[..., Site], releases: Releases, tmp_path: Path
) -> None:
    """As `brew tap` and `brew update` do: a commit a release, and nothing that Git's check finds."""
    site = open_site(releases.first)
    _git(tmp_path, "clone", "--quiet", _tap(site), "tap")
    tap = tmp_path / "tap"
    first = (tap / _FORMULA).read_text("utf-8")
    assert "acme-ca-certs-2026.10.tar.gz" in first
    site.add(releases.second)
    site.retire(releases.first)
    site.add(releases.third)
    _git(tap, "pull", "--quiet", "--ff-only")
    assert _git(tap, "fsck", "--full", "--strict") == ""
    log = _git(tap, "log", "--format=%s|%an <%ae>|%at").splitlines()
    assert [line.split("|")[0] for line in log] == [f"acme-ca-certs 2026.{number}" for number in (12, 11, 10)]
    assert {line.split("|")[1] for line in log} == {"Acme PKI <pki@acme.example>"}
    assert "acme-ca-certs-2026.12.tar.gz" in (tap / _FORMULA).read_text("utf-8")
    assert _git(tap, "show", f"HEAD~2:{_FORMULA}") == first


def test_a_release_that_comes_late_is_not_the_newest(
    open_site: Callable[..., Site], releases: Releases, tmp_path: Path
) -> None:
    """It is in the history, and what is newer is on top of it; who has pulled before pulls on."""
    site = open_site(releases.first, releases.third)
    _git(tmp_path, "clone", "--quiet", _tap(site), "tap")
    site.add(releases.second)
    tap = tmp_path / "tap"
    _git(tap, "pull", "--quiet", "--ff-only")
    assert "acme-ca-certs-2026.12.tar.gz" in (tap / _FORMULA).read_text("utf-8")
    assert "acme-ca-certs-2026.11.tar.gz" in _git(tap, "show", f"HEAD~1:{_FORMULA}")


def test_an_older_tap_that_is_put_back_is_ignored(
    open_site: Callable[..., Site], releases: Releases, tmp_path: Path
) -> None:
    """By who has the newer one: it is part of what they have. A new clone takes it."""
    site = open_site(releases.first)
    before = site.snapshot()
    site.add(releases.second)
    _git(tmp_path, "clone", "--quiet", _tap(site), "tap")
    site.put_back(before)
    _git(tmp_path / "tap", "pull", "--quiet", "--ff-only")
    assert "acme-ca-certs-2026.11.tar.gz" in (tmp_path / "tap" / _FORMULA).read_text("utf-8")
    _git(tmp_path, "clone", "--quiet", _tap(site), "new")
    assert "acme-ca-certs-2026.10.tar.gz" in (tmp_path / "new" / _FORMULA).read_text("utf-8")


def test_a_tap_keeps_what_the_site_lets_go(
    open_site: Callable[..., Site], releases: Releases, tmp_path: Path
) -> None:
    """A site that keeps two releases goes on having every commit: whoever has pulled must pull on."""
    site = open_site(*releases.all[:2])
    _git(tmp_path, "clone", "--quiet", _tap(site), "tap")
    order = replace(site.order(), keep=2)
    publish.build(order, [releases.third.folder])
    for _ in range(4):  # what has gone stays a while longer
        publish.refresh(replace(site.order(), keep=2))
    assert not list((site.folder / "pypi/files").glob("*2026.10*"))
    _git(tmp_path / "tap", "pull", "--quiet", "--ff-only")
    _git(tmp_path, "clone", "--quiet", _tap(site), "new")
    for clone in ("tap", "new"):
        assert len(_git(tmp_path / clone, "log", "--format=%H").splitlines()) == 3


def test_a_changed_object_is_refused(
    open_site: Callable[..., Site], releases: Releases, tmp_path: Path
) -> None:
    """Git's hash of the newest commit covers every byte of formula and archives."""
    site = open_site(releases.first)
    found = sites.read(site.folder, site.keys)
    assert found is not None
    [formula] = found.shelf("brew").entries
    genuine = (site.folder / formula.path).read_bytes()
    site.overwrite(formula.path, genuine.replace(b"AcmeCaCerts", b"EvilCaCerts"))
    done = clean(tmp_path, "git", "clone", "--quiet", _tap(site), "tap")
    assert done.code != 0, done.out
