"""Taps that trustpack builds for throw-away CAs, a stand-in for Homebrew, and OpenSSL to try its CAs."""

import datetime as dt
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from builder.prove.authority import Authority, create, issue
from builder.prove.probes import PROBES
from builder.prove.server import serve
from tests import releases
from tests.tools import require

HARNESS = PROBES / "homebrew.rb"


@dataclass(frozen=True)
class Prefix:
    """A Homebrew prefix; nothing of this machine's environment reaches the programs run in it."""

    path: Path

    @property
    def certs(self) -> Path:
        """Where Homebrew's OpenSSL looks for CAs."""
        return self.path / "etc" / "openssl@3" / "certs"

    def attempt(self, action: str, formula: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        """Do with a formula as brew would, whatever comes of it."""
        return self._start(
            require("ruby"), "-w", str(HARNESS), str(self.path), action, str(formula), **environment
        )

    def brew(self, action: str, formula: Path, **environment: str) -> str:
        """Do with a formula as brew would, which must succeed."""
        done = self.attempt(action, formula, **environment)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def rehash(self) -> None:
        """Do what the caveats of openssl@3 tell a user to do after adding a certificate."""
        assert self._start(require("openssl"), "rehash", str(self.certs)).returncode == 0

    def tries(self, port: int, name: str = "localhost") -> str:
        """Return what OpenSSL says to a server when it trusts the prefix's folder and nothing else."""
        command = [require("openssl"), "s_client", "-brief", "-connect", f"127.0.0.1:{port}"]
        options = [
            "-servername",
            name,
            "-verify_hostname",
            name,
            "-verify_return_error",
            "-CApath",
            str(self.certs),
        ]
        done = self._start(*command, *options, "-no-CAfile", "-no-CAstore")
        assert ("Verification: OK" in done.stderr) == (done.returncode == 0), done.stderr
        assert done.returncode == 0 or "verify error" in done.stderr, done.stderr
        return "accepted" if done.returncode == 0 else "refused"

    def names(self) -> list[str]:
        """Return the names in OpenSSL's folder that lead to a file."""
        return sorted(path.name for path in self.certs.glob("*") if path.exists())

    def _start(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        clean = {"PATH": os.defpath, "HOME": str(self.path), "LANG": "C.UTF-8"}
        return subprocess.run(
            command,
            env=clean | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


@pytest.fixture
def prefix(tmp_path: Path) -> Prefix:
    """Return a prefix that holds what openssl@3 leaves for its users: an empty folder."""
    prefix = Prefix(tmp_path / "prefix")
    prefix.certs.mkdir(parents=True)
    return prefix


@pytest.fixture(scope="session")
def renewed(now: dt.datetime) -> Authority:
    """Make a CA with Acme's name and another key."""
    return create("Acme Root CA", now=now)


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Build the formula of an organisation with these CAs, and lay it out as a tap does; return its path."""

    def build(slug: str, *authorities: Authority, release: str = "1", site: str = "") -> Path:
        folder = tmp_path_factory.mktemp(slug)
        *_, formula = releases.build(folder, slug, authorities, target="homebrew", release=release, site=site)
        return Path(shutil.move(formula, formula.with_name(f"{slug}-ca-certs.rb")))

    return build


@pytest.fixture(scope="session")
def formula(build: Callable[..., Path], acme: Authority) -> Path:
    return build("acme", acme)


@pytest.fixture(scope="session")
def port(acme: Authority, now: dt.datetime) -> Iterator[int]:
    """Start Acme's server."""
    with serve(issue(acme, ["localhost"], now=now)) as port:
        yield port


@pytest.fixture(scope="session")
def renewed_port(renewed: Authority, now: dt.datetime) -> Iterator[int]:
    """Start a server of the CA with Acme's name and another key."""
    with serve(issue(renewed, ["localhost"], now=now)) as port:
        yield port


@pytest.fixture(scope="session")
def stranger_port(stranger: Authority, now: dt.datetime) -> Iterator[int]:
    """Start a server of another CA."""
    with serve(issue(stranger, ["localhost"], now=now)) as port:
        yield port
