"""A stand-in for Alpine, of which no system is to be had here.

A Debian system whose trust store is laid out as Alpine's, with a double of its update-ca-certificates. What
apk does is done here: a package is unpacked, its script runs under busybox, and at the end the trigger of
ca-certificates, as whenever a package changes the folder of local CAs.
"""

import contextlib
import io
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from builder.prove import clients
from builder.prove.clients import SystemClient
from builder.prove.sandbox import Result, Sandbox
from builder.prove.store import Store, snapshot
from builder.prove.testbeds.system import STAND_IN
from tests.packages import readers
from tests.roots import root
from tests.trust.prepared import Preparations, keep_few_roots
from tests.trust.world import World

BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
UPDATER = "/usr/sbin/update-ca-certificates"
# Debian's Java reads a store of its own, which Alpine's updater does not know.
ASKED = tuple(client.name for client in clients.CLIENTS if client.name != "java")
NOTE = "Debian with Alpine's folders and doubles of its apk and ca-certificates"
_DOUBLE = Path(__file__).parent / "standins" / "update-ca-certificates.alpine"
_BUSYBOX = {"PATH": "/busybox"}
# The files of ca-certificates; the bundle is of ca-certificates-bundle.
_CA_CERTIFICATES = (UPDATER, "/usr/share/ca-certificates", "/etc/ca-certificates.conf")
# What its .post-deinstall does.
_POST_DEINSTALL = "find -L /etc/ssl/certs -maxdepth 1 -type l -delete; rmdir /etc/ssl/certs 2>/dev/null || :"
# The public CA lies among Mozilla's, so it comes with the distribution; the store begins anew.
_LAYOUT = f"""
mkdir /busybox && busybox --install -s /busybox
rm -r /etc/ssl/certs/* && echo mozilla/public.crt >>/etc/ca-certificates.conf
ln -sf {BUNDLE} /usr/lib/ssl/cert.pem
"""


@dataclass(frozen=True)
class System:
    """An open stand-in, and what it trusted before anything was installed."""

    sandbox: Sandbox
    world: World
    asked: Sequence[SystemClient]
    before: Store

    def add(self, apk: Path, *, over: Path | None = None) -> None:
        """Install a package, or upgrade from another, as apk does: files, then the trigger."""
        self._unpack(_files(apk))
        if over:
            self._delete(_paths(over) - _paths(apk))
        self.trigger()

    def delete(self, apk: Path, *, ca_certificates: str = "stays") -> Result:
        """Remove a package as apk does: files, script, trigger; ca-certificates may go first or last."""
        if ca_certificates == "goes-first":
            self.drop_ca_certificates()
        self._delete(_paths(apk))
        script = readers.apk(apk).scripts[".post-deinstall"]
        self.sandbox.copy_in("/root/post-deinstall", script.encode(), mode=0o755)
        done = self.sandbox.run(["/busybox/ash", "/root/post-deinstall"], check=False, environment=_BUSYBOX)
        if ca_certificates == "goes-last":
            self.drop_ca_certificates()
        self.trigger()
        return done

    def drop_ca_certificates(self) -> bytes:
        """Remove ca-certificates, which leaves ca-certificates-bundle, and return its files."""
        files = self.sandbox.archive(_CA_CERTIFICATES)
        self._delete(set(_CA_CERTIFICATES))
        self.sandbox.run(["sh", "-c", _POST_DEINSTALL])
        return files

    def add_with_ca_certificates(self, apk: Path, files: bytes) -> None:
        """Install a package where ca-certificates is not yet, which it depends on."""
        self._unpack(files)
        self.add(apk)

    def trigger(self) -> None:
        """Run what ca-certificates runs after a change, if it is installed; what it says is lost."""
        self.sandbox.run(["sh", "-c", f"[ ! -x {UPDATER} ] || {UPDATER} >/dev/null 2>&1"])

    def _unpack(self, files: bytes) -> None:
        self.sandbox.copy_in("/root/data.tar", files)
        self.sandbox.run(["tar", "-C", "/", "-xf", "/root/data.tar"])

    def _delete(self, paths: set[str]) -> None:
        self.sandbox.run(["rm", "-rf", "--", *sorted(paths)])

    def trusted(self, *names: str) -> dict[str, set[str]]:
        """Return which servers each client accepts: all clients, or those named."""
        return self.world.trusted(self.sandbox, [c for c in self.asked if not names or c.name in names])

    def each(self, accepted: set[str], *names: str) -> dict[str, set[str]]:
        """Return what `trusted` returns when every client accepts exactly `accepted`."""
        return {c.name: accepted for c in self.asked if not names or c.name in names}


def _files(apk: Path) -> bytes:
    """Return the tar of the package's files, the last of its gzip streams."""
    return readers.apk_streams(apk)[-1][1]


def _paths(apk: Path) -> set[str]:
    with tarfile.open(fileobj=io.BytesIO(_files(apk))) as archive:
        return {f"/{member.name}" for member in archive if member.isfile()}


@contextlib.contextmanager
def open_system(preparations: Preparations, world: World) -> Iterator[System]:
    """Open a stand-in."""

    def prepare(sandbox: Sandbox) -> tuple[Sequence[SystemClient], Store]:
        disguise(sandbox, world.public.pem)
        return clients.equip(sandbox, world.programs, only=ASKED), snapshot(sandbox)

    with preparations.open(root("trixie"), "alpine", prepare) as was:
        yield System(was.sandbox, world, was.asked, was.before)


def disguise(sandbox: Sandbox, public: bytes) -> None:
    """Let a Debian system look like Alpine, which comes with a public CA."""
    sandbox.copy_in(STAND_IN, f"{NOTE}\n".encode())
    keep_few_roots(sandbox)
    sandbox.copy_in("/usr/share/ca-certificates/mozilla/public.crt", public)
    sandbox.run(["sh", "-c", _LAYOUT])
    sandbox.copy_in(UPDATER, _DOUBLE.read_bytes(), mode=0o755)
    sandbox.run([UPDATER])
