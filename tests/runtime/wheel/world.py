"""The Python clients that wheels are proven with, and the environments they run in."""

from __future__ import annotations

import fcntl
import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.roots import folder
from tests.tools import NO_HOME

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_HERE = Path(__file__).parent
PROGRAMS = _HERE / "programs"
ACCEPTED, REFUSED = "accepted", "refused"
_SECONDS = 300

# What any program of the user's would do; it prints the server's answer, or why it refused it.
TRUSTS = """
import sys
from urllib.error import URLError
from urllib.request import urlopen
try:
    print(urlopen(sys.argv[1], timeout=60).read().decode().strip())
except URLError as error:
    print(error.reason.verify_message)
"""
TRUSTED, STRANGER = "trusted", "unable to get local issuer certificate"


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment, whose programs start with no variable of this machine."""

    root: Path

    @property
    def python(self) -> Path:
        """Return its interpreter."""
        return self.root / "bin" / "python"

    @property
    def engine(self) -> str:
        """Return how doctors call it."""
        return "pypy" if (self.root / "bin" / "pypy3").exists() else "python"

    @property
    def site(self) -> Path:
        """Return the folder that packages are installed into."""
        return next((self.root / "lib").glob("py*3.*")) / "site-packages"

    def run(
        self,
        *arguments: str | Path,
        env: Mapping[str, str] | None = None,
        given: str = "",
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run its interpreter; `env` is the whole environment."""
        return run([self.python, *arguments], env=env, given=given, check=check)

    def ask(self, program: str, given: Any = None, *, env: Mapping[str, str] | None = None) -> Any:
        """Run one of the programs beside the tests: JSON goes in and comes out."""
        return json.loads(self.run(PROGRAMS / program, env=env, given=json.dumps(given)).stdout)

    def say(self, code: str, *, options: Sequence[str] = (), env: Mapping[str, str] | None = None) -> str:
        """Run some lines of code and return what they print."""
        return self.run(*options, "-c", code, env=env).stdout.strip()

    def pip(self, *arguments: str | Path) -> str:
        """Run pip as a user does."""
        return self.run("-m", "pip", "--disable-pip-version-check", "--no-input", *arguments).stdout

    def uv(self, verb: str, *arguments: str | Path) -> None:
        """Run uv's pip, which serves every version of Python."""
        run([clients() / "bin" / "uv", "pip", verb, "--offline", "--python", self.python, *arguments])

    def files(self) -> set[str]:
        """Return the paths of all files below site-packages, compiled ones too."""
        return {str(path.relative_to(self.site)) for path in self.site.rglob("*") if path.is_file()}


def trusts(where: Environment, url: str, *options: str, env: Mapping[str, str] | None = None) -> str:
    """Call a server with urllib; return TRUSTED, or the reason of the refusal."""
    return where.run(*options, "-c", TRUSTS, url, env=env).stdout.strip()


def run(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    given: str = "",
    check: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Run a program; `env` is its whole environment; with `check` it must succeed."""
    done = subprocess.run(
        command,
        env={"HOME": NO_HOME, "UV_NO_CACHE": "1", **(env or {})},
        input=given,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done


def environment(
    root: Path, *, python: Path = Path(sys.executable), options: Sequence[str] = ()
) -> Environment:
    """Make a virtual environment in which the clients can be imported."""
    run([python, "-m", "venv", "--without-pip", *options, root])
    made = Environment(root)
    # A path, no installation: their own start-up files, if any, do not run.
    (made.site / "clients.pth").write_text(f"{clients()}\n")
    return made


def clients() -> Path:
    """Return a folder with every client of clients.txt, made once for each version of Python."""
    return _fetched("clients")


def packers() -> Path:
    """Return a folder with every packer of packers.txt, made once for each version of Python."""
    return _fetched("packers")


def _fetched(what: str) -> Path:
    requirements = _HERE / f"{what}.txt"
    name = hashlib.sha256(f"{sys.version}\n{requirements.read_text()}".encode()).hexdigest()[:8]
    home = folder() / f"python-{what}-{name}"
    folder().mkdir(parents=True, exist_ok=True)
    with (folder() / f"{home.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not home.is_dir():
            unfinished = home.with_suffix(".unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            # With this machine's own environment: it may say which mirror of PyPI to ask, and how.
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(unfinished)]
            subprocess.run([*command, "--requirement", str(requirements)], check=True)
            unfinished.rename(home)
    return home


@functools.cache
def interpreters() -> dict[str, Path]:
    """Return the CPythons from 3.9 on that are on PATH or that pyenv has made, one for each minor version."""
    folders = [Path(name) for name in os.environ.get("PATH", "").split(os.pathsep)]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    folders += sorted(pyenv.glob("versions/3.*/bin"))
    found = {f"3.{sys.version_info.minor}": Path(sys.executable)}
    for program in (file for place in folders for file in sorted(place.glob("python3.*"))):
        named = re.fullmatch(r"python(3\.(\d+))", program.name)
        # pyenv's shims name versions that are not the current one; they fail.
        if (
            named
            and int(named[2]) >= 9
            and named[1] not in found
            and run([program, "-V"], check=False).stdout
        ):
            found[named[1]] = program
    return dict(sorted(found.items(), key=lambda item: int(item[0].removeprefix("3."))))
