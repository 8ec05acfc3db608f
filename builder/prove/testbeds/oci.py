"""The testbed of the image: unpacked by skopeo and umoci, mounted beside what this machine's clients trust.

What building an image with a copy of its files does, it does not try: that changes a whole system.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from builder.errors import ProofError
from builder.prove import clients
from builder.prove.probes import PROBES, find, start
from builder.prove.testbed import Client, Ran

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from builder.model import Recipe

_SOURCES = PROBES.parent / "clients"
# Those on OpenSSL, and Go: what reads SSL_CERT_DIR beside its default file of roots, and not in its place.
_CLIENTS = {
    "curl": ("sh", "with_command.sh", "curl"),
    "openssl": ("sh", "with_command.sh", "openssl"),
    "urllib": ("python3", "with_urllib.py"),
    "php": ("php", "with_streams.php"),
}
_GO = "go"
_PROGRAMS = {"urllib": "python3"}
NAMES = (*_CLIENTS, _GO)
SECONDS = (4, 6)
_NOTE = "with SSL_CERT_DIR"
_DEFAULT = Path("/etc/ssl/certs")


def fetched(only: frozenset[str]) -> tuple[str, ...]:  # noqa: ARG001  what is here is asked
    """Fetch nothing."""
    return ()


@contextlib.contextmanager
def open_testbed(
    *,
    recipe: Recipe,  # noqa: ARG001  one testbed for all
    name: str,  # noqa: ARG001  an image is called what its file is
    root: Path | None,  # noqa: ARG001  it is mounted beside this machine's own roots
    folder: Path,
    offline: bool,  # noqa: ARG001  nothing is ever fetched here
    only: frozenset[str],
    settings: Mapping[str, str],  # noqa: ARG001  no setting changes what is asked here
) -> Iterator[MountedImage]:
    """Make an empty folder in the place of a mount; see testbeds.Opener."""
    skopeo, umoci = find("skopeo"), find("umoci")
    yield MountedImage(folder, skopeo, umoci, _default(folder), _compiled(folder, only), only)


@dataclass(frozen=True, slots=True)
class MountedImage:
    """An image's files where a container would have them mounted; see testbed.Testbed."""

    folder: Path
    skopeo: str
    umoci: str
    default: Path
    program: Path | None
    only: frozenset[str] = field(default_factory=frozenset)
    stand_in: str = ""

    @property
    def mount(self) -> Path:
        """Where the image is mounted, as long as it is."""
        return self.folder / "mnt"

    def clients(self) -> Sequence[Client]:
        """Return the clients that are there, each told of the mount beside the default folder."""
        where = {"SSL_CERT_DIR": f"{self.default}:{self.mount / 'certs'}"}
        known = {name: words for name, words in _CLIENTS.items() if self._has(name)}
        found = [
            Client(name, (find(words[0]), str(_SOURCES / words[1]), *words[2:], "{url}"), where, _NOTE)
            for name, words in known.items()
        ]
        if self.program:
            found.append(Client(_GO, (str(self.program), "{url}"), where, _NOTE))
        return found

    def absent(self) -> Sequence[str]:
        """Return the clients that are not there."""
        return [name for name in _CLIENTS if not self._has(name)] + ([] if self.program else [_GO])

    def run(self, client: Client, url: str) -> Ran:
        """Let a client open `url`."""
        words = [url if word == "{url}" else word for word in client.command]
        done = start(words, folder=self.folder, environment=client.environment)
        return Ran(done.returncode, done.stdout + done.stderr)

    def install(self, package: Path) -> None:
        """Unpack the image for this machine's platform, and mount it in the place of what was there."""
        layout, bundle = self.folder / "layout", self.folder / "bundle"
        self.remove()
        self._run(self.skopeo, "--insecure-policy", "copy", f"oci-archive:{package}", f"oci:{layout}:proof")
        self._run(self.umoci, "unpack", "--rootless", "--image", f"{layout}:proof", str(bundle))
        (bundle / "rootfs").rename(self.mount)

    def upgrade(self, package: Path) -> None:
        """Mount the newer image in the older one's place."""
        self.install(package)

    def remove(self) -> None:
        """Take the mount away, and what it was made of."""
        for name in ("layout", "bundle", "mnt"):
            shutil.rmtree(self.folder / name, ignore_errors=True)

    @property
    def manager(self) -> str:
        """Return none: an image comes from a registry, which no static site is."""
        return ""

    def know_nothing(self) -> None:
        """Do nothing."""

    def type_in(self, lines: str, *, there: bool) -> None:  # noqa: ARG002
        """Raise ProofError: nothing is installed by name."""
        raise ProofError("an image comes from a registry, and a site is none")

    def trust(self) -> Mapping[str, object]:
        """Return the digest of each file that is mounted."""
        found = (path for path in self.mount.rglob("*") if path.is_file())
        return {str(path): hashlib.sha256(path.read_bytes()).digest() for path in found}

    def roots(self) -> Mapping[str, frozenset[str]]:
        """Return the names of the files in the default folder, which nothing here may change."""
        found = self.default.iterdir() if self.default.is_dir() else ()
        return {str(self.default): frozenset(path.name for path in found)}

    def _run(self, *command: str) -> None:
        # A policy of this machine's is about registries: this is a file, of a release that was verified.
        start(command, folder=self.folder, environment={"TMPDIR": str(self.folder)}, check=True)

    @staticmethod
    def _has(name: str) -> bool:
        return shutil.which(_PROGRAMS.get(name, name)) is not None


def _default(folder: Path) -> Path:
    """Return where this machine's OpenSSL looks for roots by default."""
    if program := shutil.which("openssl"):
        said = start([program, "version", "-d"], folder=folder).stdout
        if found := re.fullmatch(r'OPENSSLDIR: "(.+)"\s*', said):
            return Path(found[1]) / "certs"
    return _DEFAULT


def _compiled(folder: Path, only: frozenset[str]) -> Path | None:
    """Compile the client in Go, where that is asked for and can be."""
    go = shutil.which("go") if not only or _GO in only else None
    cache = Path.home() / ".cache" / "trustpack" / "go-build"
    program = clients.compile_programs(javac=None, go=go, cache=cache).go
    if program is None:
        return None
    path = folder / "handshake"
    path.write_bytes(program)
    path.chmod(0o755)
    return path
