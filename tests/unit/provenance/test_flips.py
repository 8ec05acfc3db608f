"""One thousand of one thousand changed bytes are found by verify, and the file that was changed is named."""

from __future__ import annotations

import hashlib
import random
import shutil
from typing import TYPE_CHECKING

import pytest

from builder.errors import VerificationError
from builder.lifecycle import lockfile
from builder.provenance import rebuild, verify_release, verify_site
from builder.provenance.verify_site import SiteExpectation
from builder.signing import public_files, site_keys, site_verifier
from tests.unit.provenance import projects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

RELEASE, SITE = 760, 240


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of keys, a signed release with all documents, and a site of another one."""
    folder = tmp_path_factory.mktemp("made")
    projects.signed(folder / "one", folder / "keys", targets="apk, arch, deb, npm, own, rpm, wheel")
    shutil.copytree(folder / "one", folder / "two")
    return folder


def flips(folder: Path, count: int, seed: int) -> Iterator[tuple[Path, int]]:
    """Change one byte after the other, each in the next file, and yield file and place meanwhile."""
    chosen = random.Random(seed)  # noqa: S311  the same changes in each run
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for number in range(count):
        file = files[number % len(files)]
        data = file.read_bytes()
        at = chosen.randrange(len(data))
        changed = bytes([data[at] ^ chosen.randrange(1, 256)])
        file.write_bytes(data[:at] + changed + data[at + 1 :])
        yield file, at
        file.write_bytes(data)


def missed(folder: Path, count: int, names: Callable[[], list[str]]) -> list[str]:
    """Return the changed files that were not named."""
    found = []
    for file, at in flips(folder, count, 20261129):
        name = str(file.relative_to(folder))
        try:
            named = name in names()
        except VerificationError as error:
            named = name in str(error)
        if not named:
            found.append(f"{name}: {file.read_bytes()[max(0, at - 30) : at + 30]!r}")
    return found


def _built(dist: Path, scratch: Path) -> rebuild.Rebuilt:
    """Return what a release's source builds."""
    scratch.mkdir()
    files = verify_release.read(dist)
    data = files.data[projects.SOURCE]
    return rebuild.rebuild(data, files.manifest, scratch, where=projects.SOURCE, now=projects.NOW)


def test_every_changed_byte_of_a_release_is_found(made: Path, tmp_path: Path) -> None:
    """In packages, statement, envelope, signatures, manifest, sums, bill of materials, notes and source."""
    dist = made / "one" / "dist"
    keys = public_files.read([made / "keys"])
    lock = lockfile.read(made / "one" / "trustpack.lock")
    rebuilt = _built(dist, tmp_path / "built")

    def names() -> list[str]:
        found = verify_release.verify(
            "dist", verify_release.read(dist), keys=keys, lock=lock, lock_name="lock", rebuilt=rebuilt
        )
        return [one.file for one in found.discrepancies]

    assert names() == []
    assert missed(dist, RELEASE, names) == []
    assert names() == []


def test_every_changed_byte_of_a_site_is_found(made: Path, tmp_path: Path) -> None:
    """In indexes, status, list, packages, documents; what its source builds is given, as it takes long."""
    site = projects.site(tmp_path / "site", [made / "two" / "dist"], made / "keys")
    ring = site_keys.read_public(made / "keys")
    rebuilt = _built(made / "two" / "dist", tmp_path / "built")
    source = hashlib.sha256((made / "two" / "dist" / projects.SOURCE).read_bytes()).hexdigest()

    def names() -> list[str]:
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        try:
            found, _ = verify_site.verify(
                "site",
                site,
                SiteExpectation(projects.NOW, rebuilt={source: rebuilt}),
                keys=ring,
                verifier=site_verifier.of_keyring(ring),
                scratch=scratch,
            )
        finally:
            shutil.rmtree(scratch)
        return [one.file for one in found.discrepancies]

    assert names() == []
    assert missed(site, SITE, names) == []
    assert names() == []
