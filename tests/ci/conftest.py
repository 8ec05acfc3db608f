"""What tests of CI jobs share: a wheel of this checkout, where it is installed, a project, a bucket."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import functools
import importlib.metadata
import io
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import time
import venv
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from builder.prove import authority
from tests import s3, site_keys
from tests.ci.projects import git, trustpack
from tests.ci.standins import identities, listening
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ROOT = Path(__file__).parents[2]
REQUIREMENTS = (
    ROOT / "builder/ci/requirements.txt",
    ROOT / ".github/actions/trustpack/build-requirements.txt",
)


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build this checkout's wheel; return its folder, in which pip finds it."""
    folder = tmp_path_factory.mktemp("wheels")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="session")
def machine(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the environment of a machine with its own Python, whose pip knows no other place than ours.

    What the jobs install by digest is there in those versions, and but for pip nothing else is.
    """
    base = tmp_path_factory.mktemp("machine")
    folder = base / "python"
    venv.create(folder, with_pip=False, symlinks=True)
    site = next((folder / "lib").glob("python3.*/site-packages"))
    listed = "".join(file.read_text("utf-8") for file in REQUIREMENTS)
    for name in {"pip", *re.findall(r"^([\w.-]+)==", listed, re.MULTILINE)}:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):  # another Python's
            tops = {file.parts[0] for file in importlib.metadata.files(name) or ()}
            for top in tops - {"..", "__pycache__"}:
                (site / top).symlink_to(Path(sysconfig.get_path("purelib"), top))
    (base / "home").mkdir()
    return {
        "PATH": f"{folder / 'bin'}:/usr/bin:/bin",
        "HOME": str(base / "home"),
        "LANG": "C.UTF-8",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_COMPILE": "1",
    }


@pytest.fixture(scope="session")
def bucket() -> Iterator[dict[str, str]]:
    """Run an S3 server, and who gives jobs their identity; return what publishers need to know of both.

    The cloud's exchange of an identity for credentials is not run: obstore asks for them by HTTPS alone.
    """
    with s3.serving() as environment, listening(identities) as address:
        yield {
            **environment,
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{address}/token?api-version=2",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "request",
        }


@pytest.fixture
def begin(tmp_path: Path, project: Callable[[str, str], Path]) -> Callable[[str, str], Path]:
    """Return what begins a project of two CAs, one of which ends in two months, with a CI system's files."""
    return lambda system, site: Path(shutil.copytree(project(system, site), tmp_path / "origin"))


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """Return what makes such a project, once for all tests; they use copies."""

    @functools.cache
    def made(system: str, site: str) -> Path:
        folder = tmp_path_factory.mktemp("project")
        now = dt.datetime.now(dt.UTC)
        (folder / "old.pem").write_bytes(authority.create("Acme Old Root", now=now, days=60).pem)
        (folder / "roots.pem").write_bytes(authority.create("Acme Root", now=now).pem)
        words = ("--org", "acme", "--site", site, "--ci", system)
        trustpack(folder, "init", "roots.pem", "old.pem", *words)
        file = folder / "trustpack.yaml"
        file.write_text(file.read_text().replace("# targets: [", "targets: [deb, wheel] # ["))
        trustpack(folder, "lock", "--release", "2026.10")
        git(folder, "init", "--quiet")
        commit(folder, "Begin")
        return folder

    return made


def commit(folder: Path, message: str) -> str:
    """Commit all that is there; return the commit."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture(scope="session")
def secret(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return acme's keys as the guide has people keep them."""
    return packed(site_keys.folder(tmp_path_factory.mktemp("keys") / "keys"))


def packed(folder: Path) -> str:
    """Return a folder of keys but the next ones, as by `tar -C keys -cz . | base64 -w 0`."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for file in sorted(folder.iterdir()):
            if not (file.name.startswith("2-") and file.suffix == ".pem"):
                archive.add(file, file.name)
    return base64.b64encode(data.getvalue()).decode()


def secrets_left() -> list[Path]:
    """Return the secrets that stay in memory, once those of another worker's jobs are gone."""
    end = time.monotonic() + 120
    memory = Path("/dev/shm")  # noqa: S108  where jobs have them
    while (found := [*memory.glob("keys.*"), *memory.glob("identity")]) and time.monotonic() < end:
        time.sleep(0.1)
    return found


def installed(
    folder: Path, machine: Mapping[str, str], site: str, keys: Path, *, slug: str = "acme"
) -> set[str]:
    """Return the versions that pip and apt get by name from a site, with no other source."""
    pip = ["python", "-m", "pip", "download", "--quiet", "--no-deps", "--index-url", f"{site}/pypi/simple/"]
    host = ["--trusted-host", "127.0.0.1", "--dest", str(folder / "pip"), f"{slug}-certifi"]
    environment = {key: value for key, value in machine.items() if not key.startswith("PIP_")}
    subprocess.run([*pip, *host], env=environment, check=True, capture_output=True)
    (folder / "apt/lists/partial").mkdir(parents=True)
    (folder / "apt/status").touch()
    source = f"deb [signed-by={keys}] {site}/deb stable main\n"
    (folder / "apt/sources.list").write_text(source)
    options = {
        "Dir::State": f"{folder}/apt", "Dir::State::status": f"{folder}/apt/status",
        "Dir::Cache": f"{folder}/apt",
        "Dir::Etc::sourcelist": f"{folder}/apt/sources.list", "Dir::Etc::sourceparts": "-",
        "APT::Sandbox::User": "root", "Debug::NoLocking": "true",
    }  # fmt: skip
    apt = [require("apt-get"), *(word for key, value in options.items() for word in ("-o", f"{key}={value}"))]
    for words in (["update"], ["download", f"{slug}-ca-certs"]):
        done = subprocess.run(
            [*apt, *words], cwd=folder, env=environment, check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return {path.name for path in (*(folder / "pip").iterdir(), *folder.glob("*.deb"))}
