"""The testbed of the formula: an empty prefix, in which a double of Homebrew does what brew would.

Not the real brew, even where it is: it has one prefix, its user's own, where no throw-away
CA belongs.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from builder.errors import ProofError
from builder.formats.formula import beside
from builder.prove.probes import PROBES, find, start
from builder.prove.testbed import Client, Ran

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from builder.model import Recipe

_DOUBLE = "a double of Homebrew, and this machine's OpenSSL in the place of Homebrew's"
_HARNESS = str(PROBES / "homebrew.rb")
_SOURCES = PROBES.parent / "clients"
_CLIENTS = {
    "openssl": ("sh", "with_command.sh", "openssl"),
    "curl": ("sh", "with_command.sh", "curl"),
    "urllib": ("python3", "with_urllib.py"),
}
NAMES = tuple(_CLIENTS)
SECONDS = (3, 8)


def fetched(only: frozenset[str]) -> tuple[str, ...]:  # noqa: ARG001  what is here is asked
    """Fetch nothing."""
    return ()


@contextlib.contextmanager
def open_testbed(
    *,
    recipe: Recipe,  # noqa: ARG001  one testbed for all
    name: str,
    root: Path | None,  # noqa: ARG001  a prefix lies beside the system
    folder: Path,
    offline: bool,  # noqa: ARG001  nothing is ever fetched here
    only: frozenset[str],  # noqa: ARG001  there are two
    settings: Mapping[str, str],  # noqa: ARG001  no setting changes what is asked here
) -> Iterator[Prefix]:
    """Make a prefix below `folder` that holds what openssl@3 leaves for its users; see testbeds.Opener."""
    prefix = Prefix(name, folder, ruby=find("ruby"))
    prefix.certs.mkdir(parents=True)
    (folder / "tap").mkdir()
    yield prefix


@dataclass(frozen=True, slots=True)
class Prefix:
    """An open prefix; see trial.Testbed."""

    name: str
    folder: Path
    ruby: str
    stand_in: str = _DOUBLE

    @property
    def certs(self) -> Path:
        """Where Homebrew's OpenSSL looks for CAs."""
        return self.folder / "prefix" / "etc" / "openssl@3" / "certs"

    def clients(self) -> Sequence[Client]:
        """Return clients that look where Homebrew's OpenSSL would."""
        where = {"SSL_CERT_DIR": str(self.certs)}
        return [
            Client(name, (find(words[0]), str(_SOURCES / words[1]), *words[2:], "{url}"), where)
            for name, words in _CLIENTS.items()
            if self._has(name)
        ]

    def absent(self) -> Sequence[str]:
        """Return the clients that are not there."""
        return [name for name in _CLIENTS if not self._has(name)]

    def run(self, client: Client, url: str) -> Ran:
        """Let a client open `url`."""
        words = [url if word == "{url}" else word for word in client.command]
        done = start(words, folder=self.folder, environment=client.environment)
        return Ran(done.returncode, done.stdout + done.stderr)

    def install(self, package: Path) -> None:
        """Lay the formula and its archives out as a tap, and pour the bottle."""
        self._formula.write_text(beside(package.read_text("utf-8")), "utf-8")
        for archive in (f"{package.stem}.tar.gz", f"{package.stem}.all.bottle.tar.gz"):
            shutil.copy(package.with_name(archive), self._formula.parent)
        self._brew("pour")
        self._brew("test")

    def upgrade(self, package: Path) -> None:
        """Pour the newer bottle."""
        self.install(package)

    def remove(self) -> None:
        """Uninstall the formula."""
        self._brew("uninstall")

    @property
    def manager(self) -> str:
        """Return none: the double knows no taps."""
        return ""

    def know_nothing(self) -> None:
        """Do nothing."""

    def type_in(self, lines: str, *, there: bool) -> None:  # noqa: ARG002
        """Raise ProofError: the double knows no taps."""
        raise ProofError("the double of Homebrew knows no taps")

    def trust(self) -> Mapping[str, object]:
        """Return the digest of each file and link below etc that leads to a file: no other is ever read."""
        found = (path for path in self.certs.parent.parent.rglob("*") if path.is_file())
        return {str(path): hashlib.sha256(path.read_bytes()).digest() for path in found}

    def roots(self) -> Mapping[str, frozenset[str]]:
        """Return the names of the files and links in OpenSSL's folder that lead to a file."""
        return {str(self.certs): frozenset(path.name for path in self.certs.iterdir() if path.is_file())}

    @property
    def _formula(self) -> Path:
        return self.folder / "tap" / f"{self.name}.rb"

    def _brew(self, action: str) -> None:
        words = [self.ruby, _HARNESS, str(self.folder / "prefix"), action, str(self._formula)]
        start(words, folder=self.folder, check=True)

    @staticmethod
    def _has(name: str) -> bool:
        return shutil.which("python3" if name == "urllib" else name) is not None
