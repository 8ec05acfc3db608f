"""Changelogs: what `trustpack lock` wrote down, in every package, where its ecosystem looks for it."""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from builder.prove import authority
from builder.render import recipe
from tests import targets
from tests.packages import readers
from tests.packages.built import fingerprints, run, trustpack
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# By the real clock, as the CAs begin by it.
_NOW = dt.datetime.now(dt.UTC)
_DAYS = tuple(f"{_NOW + dt.timedelta(days):%Y-%m-%d}" for days in (0, 69, 97))
_VERSIONS = tuple(day.replace("-", "") for day in reversed(_DAYS))
_NPM = tuple(f"1.{version}.0" for version in _VERSIONS)
_LIBRARY = tuple(f"1.{version}" for version in _VERSIONS)
# Read by importlib, as package indexes do: the start of Python never reads it.
_DESCRIPTION = "import importlib.metadata as m, sys; print(m.metadata(sys.argv[1]).get_payload(), end='')"


def _versions(target: str) -> list[str]:
    """Return the versions that a target gave its releases, the newest first."""
    return [targets.ALL[target].words(release=one)["version"] for one in _VERSIONS]


@dataclass(frozen=True)
class Locked:
    """The third release's packages, and what its lock says that each release changed, the newest first."""

    folder: Path
    notes: tuple[tuple[str, ...], ...]

    def file(self, ending: str) -> Path:
        """Return the one package whose name ends so."""
        (found,) = self.folder.glob(f"dist/*{ending}")
        return found

    def markdown(self, versions: Sequence[str], *, level: int = 2) -> str:
        """Return the history of these versions as it must be written: a heading each, an item a change."""
        sections = [
            f"{'#' * level} {version} ({day})\n\n" + "".join(f"- {note}\n" for note in notes)
            for version, day, notes in zip(versions, reversed(_DAYS), self.notes, strict=True)
        ]
        return "\n".join(sections)


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Locked:
    """Lock three releases: one with a CA, one with another in its place, one that distrusts the first."""
    folder = tmp_path_factory.mktemp("locked")
    old, new = (authority.create(f"Acme {name}", now=_NOW).pem for name in ("Old", "New"))
    (gone, come) = (next(iter(fingerprints(pem))) for pem in (old, new))
    blocked = f"lifecycle: {{authorities: {{{gone}: {{state: distrusted}}}}}}\n"
    config = folder / "trustpack.yaml"
    for day, pem, more in zip(_DAYS, (old, new, old + new), ("", "", blocked), strict=True):
        (folder / "roots.pem").write_bytes(pem)
        config.write_text(f"organisation: {{slug: acme}}\nbundle: {{paths: [roots.pem]}}\n{more}")
        trustpack("lock", "--config", config, "--now", f"{day}T12:00:00Z")
    trustpack("build", "--config", config, "--out", folder / "dist", "--quiet", *targets.OPTIONS)
    notes = (
        (f"Distrust CN=Acme Old ({gone}).",),
        (f"Trust CN=Acme New ({come}).", f"No longer trust CN=Acme Old ({gone})."),
        (f"Trust CN=Acme Old ({gone}).",),
    )
    return Locked(folder, notes)


def test_a_locked_release_has_the_same_bytes_on_a_later_day(locked: Locked, tmp_path: Path) -> None:
    """The history of every package comes from the lock, and nothing in it from the day of the build."""

    def digests(folder: Path) -> dict[str, str]:
        return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}

    config = locked.folder / "trustpack.yaml"
    later = f"{_NOW + dt.timedelta(days=800):%Y-%m-%d}"
    options = (*targets.OPTIONS, "--quiet", "--now", later)
    trustpack("build", "--config", config, "--out", tmp_path, *options)
    assert digests(locked.folder / "dist") == digests(tmp_path)


def test_dpkg_reads_the_debs(locked: Locked, tmp_path: Path) -> None:
    """Each release is a version of the package, and each change an item."""
    run(require("dpkg-deb"), "-x", locked.file("-certs_*.deb"), tmp_path)
    file = tmp_path / "changelog"
    file.write_bytes(gzip.decompress((tmp_path / "usr/share/doc/acme-ca-certs/changelog.gz").read_bytes()))
    parse = (require("dpkg-parsechangelog"), "-l", file, "--all")
    assert run(*parse, "-S", "Version") == f"{_VERSIONS[0]}\n"
    assert run(*parse, "-S", "Source") == "acme-ca-certs\n"
    text = " ".join(run(*parse, "-S", "Changes").split())
    places = [text.index(f"acme-ca-certs ({version})") for version in _VERSIONS]
    assert places == sorted(places)
    items = [item.strip() for part in text.split("acme-ca-certs (")[1:] for item in part.split(" * ")[1:]]
    assert [item.removesuffix(" .").strip() for item in items] == [
        note for one in locked.notes for note in one
    ]


def test_rpm_shows_the_rpms(locked: Locked) -> None:
    """`rpm -q --changelog` names each release, its day and its changes."""
    lines = run(require("rpm"), "-qp", "--changelog", locked.file("-certs-*.rpm")).splitlines()
    heads = [line.rsplit(" ", 1)[1] for line in lines if line.startswith("*")]
    assert [f"{version}-1" for version in _VERSIONS] == heads
    assert [line.removeprefix("- ") for line in lines if line.startswith("- ")] == [
        note for one in locked.notes for note in one
    ]


# Each artifact whose recipe says that a file of it is the changelog, and that file.
_FILES = [
    (name, file, entry.path)
    for name, target in targets.ALL.items()
    for file in target.files(release=_VERSIONS[0])
    for entry in target.output(file).files
    if entry.content == "changelog"
]
# Formats that have a place of their own for it, which a test below or above reads.
_OWN = {"deb", "rpm", "wheel"}


@pytest.mark.parametrize(("target", "file", "path"), _FILES, ids=[file for _, file, _ in _FILES])
def test_a_file_lies_in_what_has_no_field_for_it(locked: Locked, target: str, file: str, path: str) -> None:
    """In Markdown, with the versions that the target gave its releases, once."""
    package = readers.read(target, locked.folder / "dist" / file)
    place = recipe.fill(path, dict(targets.ALL[target].words(release=_VERSIONS[0])), target)
    assert package.data(place).decode() == f"# Changelog\n\n{locked.markdown(_versions(target))}"
    assert [entry.path for entry in package.entries if "changelog" in entry.path.lower()] == [place]


def test_every_target_tells_its_history() -> None:
    """In a file, in a field of its own, or not at all, for a reason."""
    told = {target for target, _, _ in _FILES}
    of_format = {name for name, one in targets.ALL.items() if one.recipe.outputs[0].container in _OWN}
    assert told | of_format | targets.NO_CHANGELOG.keys() == targets.ALL.keys()


def test_npm_installs_it(locked: Locked, tmp_path: Path) -> None:
    """Beside the README, with the versions that npm knows."""
    (tmp_path / "package.json").write_text('{"private": true}', "utf-8")
    run(require("npm"), "install", "--offline", "--no-audit", "--no-fund", locked.file(".tgz"), cwd=tmp_path)
    folder = tmp_path / "node_modules" / "acme-ca"
    assert (folder / "CHANGELOG.md").read_text() == f"# Changelog\n\n{locked.markdown(_NPM)}"
    assert json.loads((folder / "package.json").read_text())["version"] == f"1.{_VERSIONS[0]}.0"


def test_gem_installs_it(locked: Locked, tmp_path: Path) -> None:
    """RubyGems lists it among the gem's documents; without a page that is real, no URI is promised."""
    home = ("env", f"GEM_HOME={tmp_path}", f"GEM_PATH={tmp_path}")
    gem = (*home, require("gem"))
    run(*gem, "install", "--local", "--no-document", locked.file(".gem"), cwd=tmp_path)
    (path,) = [line for line in run(*gem, "contents", "acme-ca").split() if line.endswith("CHANGELOG.md")]
    assert run("cat", path) == f"# Changelog\n\n{locked.markdown(_LIBRARY)}"
    program = (
        "spec = Gem::Specification.find_by_name('acme-ca'); puts spec.extra_rdoc_files, spec.metadata.keys"
    )
    assert run(*home, require("ruby"), "-e", program).split() == [
        "CHANGELOG.md",
        "README.md",
        "allowed_push_host",
        "rubygems_mfa_required",
    ]


def test_python_reads_it_from_the_description(locked: Locked, tmp_path: Path) -> None:
    """Where indexes show it, as its last section; no other file is added to an environment."""
    wheel = locked.file(".whl")
    run(sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "--target", tmp_path, wheel)
    text = run(
        sys.executable, "-c", _DESCRIPTION, "acme-certifi", PYTHONPATH=str(tmp_path), ACME_CERTIFI_DISABLE="1"
    )
    assert text.split("\n## Changelog\n\n")[1] == locked.markdown(_LIBRARY, level=3)
    assert "PASSED" in run(sys.executable, "-m", "twine", "check", "--strict", wheel, COLUMNS="300")
    assert [path for path in tmp_path.rglob("*") if "changelog" in path.name.lower()] == []
