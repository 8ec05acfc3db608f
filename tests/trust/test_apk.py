"""The Alpine package on a stand-in: no Alpine is to be had here.

A Debian system whose trust store is laid out as Alpine's, with a double of its update-ca-certificates; the
package is unpacked as apk does it, its script runs under busybox, and the trigger of ca-certificates, which
runs whenever a package changes the folder of local CAs, runs at the end.
"""

import contextlib
import io
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from builder.prove import clients
from builder.prove.clients import Client
from builder.prove.place import Place, Result, open_place
from builder.prove.store import Store, snapshot
from tests.packages import readers
from tests.roots import root
from tests.trust.world import World, build

_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
_UPDATER = "/usr/sbin/update-ca-certificates"
_DOUBLE = Path(__file__).parent / "standins" / "update-ca-certificates.alpine"
# Debian's Java reads a store of its own, which Alpine's updater does not know.
_ASKED = tuple(client.name for client in clients.CLIENTS if client.name != "java")
_BUSYBOX = {"PATH": "/busybox"}


@dataclass(frozen=True)
class Apks:
    """Acme's two releases, and a package of Beta's that holds one of Acme's CAs too."""

    first: Path
    second: Path
    shared: Path


@dataclass(frozen=True)
class System:
    """An open stand-in, and what it trusted before anything was installed."""

    place: Place
    world: World
    asked: Sequence[Client]
    before: Store

    def add(self, apk: Path, *, over: Path | None = None) -> None:
        """Install a package, or upgrade from another, as apk does: files, then the trigger."""
        data = _files(apk)
        self.place.copy_in("/root/data.tar", data)
        self.place.run(["tar", "-C", "/", "-xf", "/root/data.tar"])
        if over:
            self._delete(_paths(over) - _paths(apk))
        self.trigger()

    def delete(self, apk: Path, *, updater: str = "stays") -> Result:
        """Remove a package as apk does: files, its script, the trigger; the updater may go first or last."""
        self._delete(_paths(apk))
        if updater == "goes-first":
            self.place.run(["rm", _UPDATER])
        scripts = readers.apk(apk).scripts
        self.place.copy_in("/root/post-deinstall", scripts[".post-deinstall"].encode(), mode=0o755)
        done = self.place.run(["/busybox/ash", "/root/post-deinstall"], check=False, environment=_BUSYBOX)
        if updater == "goes-last":
            self.place.run(["rm", _UPDATER])
        self.trigger()
        return done

    def trigger(self) -> None:
        """Run what ca-certificates runs after a change, if it is installed; what it says is lost."""
        self.place.run(["sh", "-c", f"[ ! -x {_UPDATER} ] || {_UPDATER} >/dev/null 2>&1"])

    def _delete(self, paths: set[str]) -> None:
        self.place.run(["rm", "-f", "--", *sorted(paths)])

    def trusted(self, *names: str) -> dict[str, set[str]]:
        """Return which servers each client accepts: all clients, or those named."""
        return self.world.trusted(self.place, [c for c in self.asked if not names or c.name in names])

    def each(self, accepted: set[str], *names: str) -> dict[str, set[str]]:
        """Return what `trusted` returns when every client accepts exactly `accepted`."""
        return {c.name: accepted for c in self.asked if not names or c.name in names}

    def changes(self) -> list[str]:
        """Return what is not as it was before the first installation."""
        return snapshot(self.place).changes(since=self.before)


def _files(apk: Path) -> bytes:
    """Return the tar of the package's files, the last of its gzip streams."""
    return readers.apk_streams(apk)[-1][1]


def _paths(apk: Path) -> set[str]:
    with tarfile.open(fileobj=io.BytesIO(_files(apk))) as archive:
        return {f"/{member.name}" for member in archive if member.isfile()}


@pytest.fixture(scope="session")
def apks(world: World, tmp_path_factory: pytest.TempPathFactory) -> Apks:
    out = tmp_path_factory.mktemp("apks")
    return Apks(
        first=build(out, "acme", [world.kept, world.old], "1", target="apk"),
        second=build(out, "acme", [world.kept, world.new], "2", target="apk"),
        shared=build(out, "beta", [world.kept], "1", target="apk"),
    )


@contextlib.contextmanager
def _open_system(world: World) -> Iterator[System]:
    with open_place(root("trixie")) as place:
        place.run(["sh", "-c", "mkdir /busybox && busybox --install -s /busybox"])
        # The public CA lies among Mozilla's, so it comes with the distribution.
        place.copy_in("/usr/share/ca-certificates/mozilla/public.crt", world.public.pem)
        place.run(
            ["sh", "-c", "rm -r /etc/ssl/certs/* && echo mozilla/public.crt >>/etc/ca-certificates.conf"]
        )
        place.copy_in(_UPDATER, _DOUBLE.read_bytes(), mode=0o755)
        place.run([_UPDATER])
        asked = clients.equip(place, world.programs, only=_ASKED)
        yield System(place, world, asked, snapshot(place))


@pytest.fixture
def system(world: World) -> Iterator[System]:
    with _open_system(world) as opened:
        yield opened


def test_every_client_trusts_what_is_installed_and_nothing_more_on_alpine_stand_in(
    system: System, apks: Apks
) -> None:
    """Installed, upgraded, downgraded and deleted, each client trusts what it should, and no more."""
    assert [client.name for client in system.asked] == list(_ASKED)
    assert system.trusted() == system.each({"public"})
    system.add(apks.first)
    assert system.trusted() == system.each({"public", "kept", "old"})
    system.add(apks.second, over=apks.first)
    assert system.trusted() == system.each({"public", "kept", "new"})
    system.add(apks.first, over=apks.second)
    assert system.trusted("curl") == system.each({"public", "kept", "old"}, "curl")
    done = system.delete(apks.first)
    assert (done.code, done.out) == (0, "")
    assert system.trusted() == system.each({"public"})
    assert system.changes() == []


@pytest.mark.parametrize("updater", ["goes-first", "goes-last"])
def test_deleted_together_with_ca_certificates_leaves_only_the_bundle_on_alpine_stand_in(
    system: System, apks: Apks, updater: str
) -> None:
    """An image that is left with ca-certificates-bundle alone trusts exactly what that bundle held."""
    system.add(apks.first)
    assert system.trusted("curl") == system.each({"public", "kept", "old"}, "curl")
    done = system.delete(apks.first, updater=updater)
    assert (done.code, done.out) == (0, "")
    assert system.trusted() == system.each({"public"})
    # Not even links are left: everything is as it was, but for the updater, which is not part of the store.
    assert system.changes() == []


def test_a_ca_that_another_package_brings_too_stays_trusted_on_alpine_stand_in(
    system: System, apks: Apks
) -> None:
    """The script takes each of its CAs out once, so the other package's copy stays."""
    system.add(apks.first)
    system.add(apks.shared)
    system.delete(apks.first, updater="goes-first")
    assert system.trusted("curl", "go") == system.each({"public", "kept"}, "curl", "go")


def test_deleted_together_with_ca_certificates_gives_the_bundle_back_as_alpine_wrote_it(
    system: System, apks: Apks
) -> None:
    """Alpine's own updater ends each certificate with an empty line, and ours go with theirs."""
    spaced = ["sed", "-i", "/^-----END CERTIFICATE-----/G", _BUNDLE]
    system.place.run(spaced)
    before = system.place.run(["cat", _BUNDLE]).out
    system.add(apks.first)
    system.place.run(spaced)
    installed = system.place.run(["cat", _BUNDLE]).out
    system.delete(apks.first, updater="goes-first")
    assert installed != before
    assert system.place.run(["cat", _BUNDLE]).out == before


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(f"rm {_BUNDLE}", id="bundle-is-missing"),
        pytest.param(f": >{_BUNDLE}", id="bundle-is-empty"),
        pytest.param("rm -r /etc/ssl/certs", id="folder-is-missing"),
        pytest.param(
            "mount --bind /etc/ssl/certs /etc/ssl/certs && mount -o remount,bind,ro /etc/ssl/certs",
            id="folder-is-read-only",
        ),
    ],
)
def test_a_damaged_store_fails_no_deletion_on_alpine_stand_in(
    system: System, apks: Apks, damage: str
) -> None:
    """The script of a deleted package ends well, and makes nothing worse, whatever it finds."""
    system.add(apks.first)
    system.place.run(["sh", "-c", damage])
    bundle = ["sh", "-c", f"cat {_BUNDLE} 2>/dev/null | wc -c; ls /etc/ssl/certs 2>/dev/null | grep -c new"]
    before = system.place.run(bundle, check=False).out
    system.place.run(["rm", _UPDATER])
    assert system.delete(apks.first).code == 0
    assert system.place.run(bundle, check=False).out == before
