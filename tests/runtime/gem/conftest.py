"""Gems that trustpack builds for throw-away CAs, homes to install them in, and servers to try them on."""

import contextlib
import datetime as dt
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from builder.prove.authority import Authority, Leaf, issue
from builder.prove.probes import PROBES
from builder.prove.server import serve
from tests import releases
from tests.both_loopbacks import on_both
from tests.tools import require

HERE = Path(__file__).parent
CLIENT = PROBES / "client.rb"


@dataclass(frozen=True)
class Home:
    """A folder for gems; nothing of this machine's environment reaches the programs run with it."""

    path: Path

    def attempt(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a program, whatever comes of it."""
        clean = {"PATH": os.defpath, "HOME": str(self.path), "GEM_HOME": str(self.path), "LANG": "C.UTF-8"}
        return subprocess.run(
            command,
            env=clean | environment,
            cwd=self.path,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a program that must succeed."""
        done = self.attempt(*command, **environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def install(self, gem: Path) -> None:
        self.run(require("gem"), "install", "--local", "--no-document", "--quiet", str(gem))

    def uninstall(self, name: str) -> None:
        self.run(require("gem"), "uninstall", "--all", "--executables", "--quiet", name)

    def ruby(self, script: str, *arguments: str, **environment: str) -> list[str]:
        """Run a Ruby program with all warnings on and return its lines."""
        done = self.run(require("ruby"), "-e", script, *arguments, **environment)
        assert done.stderr == ""
        return done.stdout.split()

    def client(self, name: str, feature: str, *urls: str, **environment: str) -> list[str]:
        """Return what a client library says to each URL: accepted or refused."""
        program = str(CLIENT)
        return self.run(require("ruby"), program, name, feature, *urls, **environment).stdout.split()


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Build the gem of an organisation with these CAs."""

    def build(slug: str, *authorities: Authority, release: str | None = None) -> Path:
        [gem] = releases.build(
            tmp_path_factory.mktemp(slug), slug, authorities, target="gem", release=release
        )
        return gem

    return build


@pytest.fixture(scope="session")
def gem(build: Callable[..., Path], acme: Authority) -> Path:
    return build("acme", acme)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Return an empty home."""
    return Home(tmp_path)


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory, gem: Path) -> Home:
    """Return a home with Acme's gem, which tests leave as it is."""
    home = Home(tmp_path_factory.mktemp("home"))
    home.install(gem)
    return home


@pytest.fixture(scope="session")
def removed(tmp_path_factory: pytest.TempPathFactory, gem: Path) -> Home:
    """Return a home from which Acme's gem was uninstalled."""
    home = Home(tmp_path_factory.mktemp("removed"))
    home.install(gem)
    home.uninstall("acme-ca")
    return home


@pytest.fixture(scope="session")
def leaves(acme: Authority, stranger: Authority, now: dt.datetime) -> list[Leaf]:
    """Return certificates for servers: Acme's, another CA's, one with another name, one that has expired."""
    expired = (now - dt.timedelta(days=2), now - dt.timedelta(days=1))
    return [
        issue(acme, ["localhost"], now=now),
        issue(stranger, ["localhost"], now=now),
        issue(acme, ["elsewhere.internal"], now=now),
        issue(acme, ["localhost"], now=now, valid=expired),
    ]


@pytest.fixture(scope="session")
def public_roots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the public roots that excon brings, under another name."""
    program = "require 'excon'; print File.join(Gem.loaded_specs['excon'].full_gem_path, 'data/cacert.pem')"
    found = subprocess.run(
        [require("ruby"), "-W0", "-e", program], capture_output=True, text=True, check=True
    )
    return Path(shutil.copy(found.stdout, tmp_path_factory.mktemp("public") / "library.pem"))


@pytest.fixture(scope="session")
def urls(leaves: list[Leaf]) -> Iterator[list[str]]:
    """Start a server with each of the four."""
    with contextlib.ExitStack() as stack:
        ports = [stack.enter_context(serve(leaf)) for leaf in leaves]
        yield [f"https://localhost:{stack.enter_context(on_both(port))}/" for port in ports]
