"""A folder with a bundle in it, and the real trustpack in it with an empty environment."""

import datetime as dt
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from builder.prove import authority
from tests.tools import NO_HOME

PROGRAM = Path(sys.executable).with_name("trustpack")
# The smallest system that a program needs: no variable of this machine's reaches trustpack.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": NO_HOME}


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class World:
    """A working folder in which trustpack runs."""

    folder: Path

    def run(self, *arguments: str | Path, env: dict[str, str] | None = None) -> Ran:
        """Run trustpack here: it has two minutes, as other tests run beside it, and 1.5 GB of addresses."""
        done = subprocess.run(
            ["sh", "-c", 'ulimit -v 1500000; exec "$@"', "sh", PROGRAM, *arguments],
            cwd=self.folder,
            env=ENVIRONMENT | (env or {}),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def build(self, *arguments: str | Path, env: dict[str, str] | None = None) -> Ran:
        """Build roots.pem's plain bundle for acme: the quickest build there is."""
        return self.run("build", "roots.pem", "--org", "acme", "--target", "pem", *arguments, env=env)

    def files(self, folder: str = "dist") -> list[str]:
        """Return the name of everything in a folder; nothing where there is none."""
        path = self.folder / folder
        return sorted(item.name for item in path.iterdir()) if path.is_dir() else []

    def write(self, name: str, text: str) -> Path:
        """Write a text file."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path


@pytest.fixture(scope="session")
def roots() -> bytes:
    """Return the PEM of a CA that is valid now."""
    return authority.create("Acme Root", now=dt.datetime.now(dt.UTC)).pem


@pytest.fixture
def world(tmp_path: Path, roots: bytes) -> World:
    """Return an empty folder but for roots.pem."""
    (tmp_path / "roots.pem").write_bytes(roots)
    return World(tmp_path)


@pytest.fixture(scope="session")
def another() -> bytes:
    """Return the PEM of a second CA."""
    return authority.create("Acme Root 2", now=dt.datetime.now(dt.UTC)).pem


@pytest.fixture(scope="session")
def blocked() -> bytes:
    """Return the PEM of a CA that a test distrusts."""
    return authority.create("Acme Blocked Root", now=dt.datetime.now(dt.UTC)).pem
