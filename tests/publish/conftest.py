"""What the tests of publishing share: releases of Acme, and trustpack with little in its environment."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from builder.prove import authority
from tests.publish import registries, store
from tests.tools import NO_HOME, require

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.publish.registries import Running
    from tests.publish.store import Store

BIN = Path(sys.executable).parent
PROGRAM = BIN / "trustpack"
RELEASE = "2026.10"
SECONDS = 120
_NUMBERS = itertools.count(100)


@dataclass(frozen=True)
class Project:
    """A folder with trustpack.yaml and a release in dist/."""

    folder: Path
    programs: str = f"{BIN}:/usr/local/bin:/usr/bin:/bin"
    variables: dict[str, str] = field(default_factory=dict)
    release: str = RELEASE

    @property
    def dist(self) -> Path:
        """Where the release is."""
        return self.folder / "dist"

    def configure(self, **publish: Any) -> None:
        """Write trustpack.yaml with a section `publish`."""
        value = {
            "organisation": {"slug": "acme"},
            "bundle": {"paths": ["roots.pem"]},
            "release": self.release,
            "publish": publish,
        }
        (self.folder / "trustpack.yaml").write_text(json.dumps(value))

    def take(self, *running: Running) -> None:
        """Configure registries, and put what lets us in into the environment."""
        self.configure(**{key: value for one in running for key, value in one.section.items()})
        for one in running:
            self.variables.update(one.variables)

    def build(self, *targets: str) -> None:
        """Build the release: packages hold where they may be published."""
        words: list[str | Path] = [PROGRAM, "build", "--target", ",".join(targets)]
        done = subprocess.run(
            words, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def started(self, *words: str) -> subprocess.Popen[str]:
        """Begin to publish."""
        return subprocess.Popen(
            [PROGRAM, "publish", *words], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    @property
    def secrets(self) -> set[str]:
        """The passwords and tokens that trustpack gets."""
        return {
            value
            for key, value in self.variables.items()
            if any(word in key for word in ("TOKEN", "PASSWORD", "KEY")) and not key.endswith("_URL")
        }

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that trustpack gets, and no others."""
        return {"PATH": self.programs, "LANG": "C.UTF-8", "HOME": NO_HOME, **self.variables}

    def publish(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Publish, and return how that ended; no secret is ever said."""
        process = self.started(*words)
        out, said = process.communicate(timeout=SECONDS)
        assert not [one for one in self.secrets if one in out + said]
        return subprocess.CompletedProcess(process.args, process.returncode, out, said)

    def outcomes(self, *words: str) -> dict[str, str]:
        """Publish, which must succeed, and return what became of each file."""
        done = self.publish(*words, "--json")
        assert done.returncode == 0, done.stderr
        return {one["registry"]: one["outcome"] for one in json.loads(done.stdout)["files"]}

    def error(self, *words: str, code: int = 14) -> tuple[str, str]:
        """Publish, which must fail, and return the error and the hint."""
        done = self.publish(*words, "--json")
        assert done.returncode == code, done.stdout + done.stderr
        found = json.loads(done.stderr.splitlines()[-1])["error"]
        return f"{found['where']}: {found['message']}" if found["where"] else found["message"], found["hint"]


def _project(folder: Path, name: str, release: str = RELEASE) -> Project:
    folder.mkdir()
    root = authority.create(name, now=dt.datetime.now(dt.UTC))
    (folder / "roots.pem").write_bytes(root.pem)
    return Project(folder, release=release)


@pytest.fixture
def number() -> str:
    """Return a release that no other test has: the registries are all tests'."""
    return f"2026.{next(_NUMBERS)}"


@pytest.fixture
def project(tmp_path: Path, number: str) -> Project:
    """Return a project that is to be configured and built."""
    return _project(tmp_path / "acme", "Acme Root", number)


@pytest.fixture
def other(tmp_path: Path, number: str) -> Project:
    """Return one of the same organisation and release, with another bundle."""
    return _project(tmp_path / "other", "Acme Other Root", number)


@pytest.fixture(scope="session")
def _releases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Project]:
    folder = tmp_path_factory.mktemp("releases")
    made = [_project(folder / name, f"Acme {name} Root") for name in ("one", "another")]
    for one in made:
        one.configure()
        one.build("deb", "rpm", "apk")
    return made[0], made[1]


@pytest.fixture
def release(_releases: tuple[Project, Project], tmp_path: Path) -> Project:
    """Return a project with a built .deb, .rpm and .apk."""
    return Project(Path(shutil.copytree(_releases[0].folder, tmp_path / "release")))


@pytest.fixture
def another(_releases: tuple[Project, Project], tmp_path: Path) -> Project:
    """Return one whose files have the same names and other bytes."""
    return Project(Path(shutil.copytree(_releases[1].folder, tmp_path / "another")))


@pytest.fixture(scope="session")
def _store() -> Iterator[Store]:
    with store.store() as running:
        yield running


@pytest.fixture
def files(_store: Store) -> Store:
    """Return a server that has nothing yet."""
    for one in (_store.files, _store.received, _store.faults, _store.stored):
        one.clear()
    _store.lets_in, _store.moved, _store.after = True, "", lambda: None
    return _store


@pytest.fixture(scope="session")
def pypiserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run pypiserver."""
    with registries.pypiserver(tmp_path_factory.mktemp("pypiserver") / "server") as running:
        yield running


@pytest.fixture(scope="session")
def devpi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run devpi."""
    with registries.devpi(tmp_path_factory.mktemp("devpi") / "server") as running:
        yield running


@pytest.fixture(scope="session")
def verdaccio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run verdaccio."""
    require("npm")
    with registries.verdaccio(tmp_path_factory.mktemp("verdaccio") / "server") as running:
        yield running


@pytest.fixture(scope="session")
def gem_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run the gem server."""
    require("gem")
    with registries.gem_server(tmp_path_factory.mktemp("gems") / "server") as running:
        yield running
