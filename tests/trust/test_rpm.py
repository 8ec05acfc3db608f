"""The RPM package under dnf, dnf5 and zypper.

No Fedora or openSUSE system is to be had here, so each is a stand-in: a Debian system whose p11-kit, the
real one, reads that distribution's folders, and a double of its ca-certificates package that extracts the
same files. What a stand-in shows is marked so in the test's name.
"""

import contextlib
import json
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from builder.assemble import nfpm
from builder.prove import clients
from builder.prove.clients import Client
from builder.prove.place import Place, open_place
from builder.prove.store import Store, snapshot
from tests.roots import root
from tests.trust.world import World, build

_STANDINS = Path(__file__).parent / "standins"
_NAME = "acme-ca-certs"
_MODULE = b"module: p11-kit-trust.so\ntrust-policy: yes\nx-init-reserved: paths='%s'\n"
_MOZILLA = 'cat /usr/share/ca-certificates/mozilla/*.crt >"$1/mozilla.pem"'


@dataclass(frozen=True)
class Distribution:
    """What tells a stand-in from Debian: where p11-kit looks, and the updater and what it extracts."""

    name: str
    updater: str
    double: str
    sources: str
    anchors: str
    bundle: str
    java: str


_FEDORA = Distribution(
    name="fedora",
    updater="/usr/bin/update-ca-trust",
    double="update-ca-trust",
    sources="/etc/pki/ca-trust/source:/usr/share/pki/ca-trust-source",
    anchors="/usr/share/pki/ca-trust-source/anchors",
    bundle="/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    java="/etc/pki/ca-trust/extracted/java/cacerts",
)
_OPENSUSE = Distribution(
    name="opensuse",
    updater="/usr/sbin/update-ca-certificates",
    double="update-ca-certificates.suse",
    sources="/etc/pki/trust:/usr/share/pki/trust",
    anchors="/usr/share/pki/trust/anchors",
    bundle="/var/lib/ca-certificates/ca-bundle.pem",
    java="/var/lib/ca-certificates/java-cacerts",
)


@dataclass(frozen=True)
class Manager:
    """A package manager: the suite that has it, and its commands, which end in a file or a name."""

    suite: str
    install: tuple[str, ...]
    upgrade: tuple[str, ...]
    reinstall: tuple[str, ...]
    erase: tuple[str, ...]


def _dnf(suite: str, *program: str) -> Manager:
    dnf = (*program, "--assumeyes", "--releasever=1", "--setopt=gpgcheck=0")
    return Manager(suite, (*dnf, "install"), (*dnf, "upgrade"), (*dnf, "reinstall"), (*dnf, "remove"))


_ZYPPER = ("zypper", "--non-interactive", "--no-gpg-checks")
_IN = (*_ZYPPER, "install", "--allow-unsigned-rpm")
MANAGERS = {
    "dnf4": _dnf("trixie", "dnf"),
    # The plugin `local` copies what is installed into a repository, and wants createrepo_c for it.
    "dnf5": _dnf("sid", "dnf5", "--disable-plugin=local"),
    "zypper": Manager("trixie", _IN, _IN, (*_IN, "--force"), (*_ZYPPER, "remove")),
}
STANDINS = [
    pytest.param(MANAGERS["dnf4"], _FEDORA, id="dnf4-on-fedora-stand-in"),
    pytest.param(MANAGERS["dnf5"], _FEDORA, id="dnf5-on-fedora-stand-in"),
    pytest.param(MANAGERS["zypper"], _OPENSUSE, id="zypper-on-opensuse-stand-in"),
]


@dataclass(frozen=True)
class Rpms:
    """Acme's two releases, the first once more for every purpose, and Beta's, with a CA of Acme's too."""

    first: Path
    second: Path
    broad: Path
    beta: Path


@dataclass(frozen=True)
class System:
    """An open stand-in that holds the packages, and what it trusted before any was installed."""

    place: Place
    distribution: Distribution
    manager: Manager
    world: World
    asked: Sequence[Client]
    before: Store

    def trusted(self, *names: str) -> dict[str, set[str]]:
        """Return which servers each client accepts: all clients, or those named."""
        return self.world.trusted(self.place, [c for c in self.asked if not names or c.name in names])

    def each(self, accepted: set[str], *names: str) -> dict[str, set[str]]:
        """Return what `trusted` returns when every client accepts exactly `accepted`."""
        return {c.name: accepted for c in self.asked if not names or c.name in names}

    def verify(self, *names: str) -> str:
        """Return what rpm finds changed in the installed packages: Acme's, or those named."""
        return self.place.run(["rpm", "--verify", *(names or [_NAME])], check=False).out

    def owners(self, path: str) -> set[str]:
        """Return the names of the packages that own `path`, which is there."""
        return set(self.place.run(["rpm", "--query", "--qf", r"%{NAME}\n", "--file", path]).out.split())


@pytest.fixture(scope="session")
def rpms(world: World, tmp_path_factory: pytest.TempPathFactory) -> Rpms:
    out = tmp_path_factory.mktemp("rpms")
    first = [world.kept, world.old]
    return Rpms(
        first=build(out, "acme", first, "1", target="rpm"),
        second=build(out, "acme", [world.kept, world.new], "2", target="rpm"),
        broad=build(out / "broad", "acme", first, "1", target="rpm", settings={"purposes": "all"}),
        beta=build(out, "beta", [world.beta, world.kept], "1", target="rpm"),
    )


def _double(distribution: Distribution, folder: Path) -> bytes:
    """Package the double of the distribution's ca-certificates; it says it has the shell that Debian has."""
    config = {
        "name": "ca-certificates",
        "arch": "noarch",
        "version": "1",
        "maintainer": "Trust Test <test@example.com>",
        "description": "Double of a distribution's ca-certificates",
        "license": "Apache-2.0",
        "provides": ["/bin/sh"],
        "contents": [
            {
                "src": str(_STANDINS / distribution.double),
                "dst": distribution.updater,
                "file_info": {"mode": 0o755, "owner": "root", "group": "root"},
            }
        ],
        "rpm": {"buildhost": "test.invalid"},
    }
    (folder / "nfpm.yaml").write_text(json.dumps(config))
    command = [str(nfpm.find()), "package", "-f", "nfpm.yaml", "-p", "rpm", "-t", "double.rpm"]
    subprocess.run(command, cwd=folder, env={}, capture_output=True, check=True)
    return (folder / "double.rpm").read_bytes()


@contextlib.contextmanager
def _open_system(
    manager: Manager, distribution: Distribution, world: World, rpms: Rpms, folder: Path
) -> Iterator[System]:
    with open_place(root(manager.suite)) as place:
        # Debian's own store makes room: every client then reads what the double extracts.
        place.run(["rm", "-r", "/usr/sbin/update-ca-certificates", "/etc/ssl/certs"])
        place.run(["mkdir", "-p", "/etc/ssl/certs/java"])
        place.run(["ln", "-s", distribution.bundle, "/etc/ssl/certs/ca-certificates.crt"])
        place.run(["ln", "-s", distribution.java, "/etc/ssl/certs/java/cacerts"])
        place.run(["ln", "-sf", distribution.bundle, "/usr/lib/ssl/cert.pem"])
        module = (
            f"module: p11-kit-trust.so\ntrust-policy: yes\nx-init-reserved: paths='{distribution.sources}'\n"
        )
        place.copy_in("/etc/pkcs11/modules/p11-kit-trust.module", module.encode())
        place.copy_in(f"{distribution.anchors}/public.pem", world.public.pem)
        place.run(["sh", "-c", _MOZILLA, "sh", distribution.anchors])
        place.copy_in("/root/double.rpm", _double(distribution, folder))
        for name in ("first", "second", "broad", "beta"):
            place.copy_in(f"/root/{name}.rpm", getattr(rpms, name).read_bytes())
        place.run([*manager.install, "/root/double.rpm"])
        place.run([distribution.updater])
        asked = clients.equip(place, world.programs)
        yield System(place, distribution, manager, world, asked, snapshot(place))


@pytest.fixture
def system(request: pytest.FixtureRequest, world: World, rpms: Rpms, tmp_path: Path) -> Iterator[System]:
    manager, distribution = request.param
    with _open_system(manager, distribution, world, rpms, tmp_path) as opened:
        yield opened


def _on(*parameters: object) -> pytest.MarkDecorator:
    cases = [pytest.param(case.values, id=case.id) for case in parameters]  # type: ignore[attr-defined]
    return pytest.mark.parametrize("system", cases, indirect=True)


@_on(*STANDINS)
def test_every_client_trusts_what_is_installed_and_nothing_more(system: System) -> None:
    """Installed, upgraded, reinstalled and erased, each client trusts what it should, and no more."""
    run, manager = system.place.run, system.manager
    assert system.trusted() == system.each({"public"})

    run([*manager.install, "/root/first.rpm"])
    assert system.trusted() == system.each({"public", "kept", "old"})
    assert system.verify() == ""

    run([*manager.upgrade, "/root/second.rpm"])
    assert system.trusted() == system.each({"public", "kept", "new"})

    run([system.distribution.updater])
    run(["rm", system.distribution.bundle])
    run([*manager.reinstall, "/root/second.rpm"])
    assert system.trusted("curl", "java") == system.each({"public", "kept", "new"}, "curl", "java")
    assert system.verify() == ""

    run([*manager.erase, _NAME])
    assert system.trusted() == system.each({"public"})
    assert snapshot(system.place).changes(since=system.before) == []


@_on(*STANDINS)
def test_a_distrusted_ca_is_refused_although_the_administrator_added_it(
    system: System, tmp_path: Path
) -> None:
    """By every client as long as the package blocks it; erased, the administrator's word counts again."""
    run, manager, world = system.place.run, system.manager, system.world
    third = build(tmp_path, "acme", [world.kept], "3", target="rpm", distrusted=[world.old])
    system.place.copy_in("/root/third.rpm", third.read_bytes())
    theirs = system.distribution.sources.split(":")[0]
    system.place.copy_in(f"{theirs}/anchors/somebody.crt", world.old.pem)
    run([system.distribution.updater])
    assert system.trusted() == system.each({"public", "old"})

    run([*manager.install, "/root/first.rpm"])
    assert system.trusted() == system.each({"public", "kept", "old"})
    run([*manager.upgrade, "/root/third.rpm"])
    assert system.trusted() == system.each({"public", "kept"})
    run([*manager.erase, _NAME])
    assert system.trusted() == system.each({"public", "old"})


@_on(*STANDINS)
def test_two_organisations_side_by_side_keep_what_both_hold_until_the_last_goes(system: System) -> None:
    """Erasing one package leaves the other's CAs and the shared folders; erasing both leaves nothing."""
    run, manager, beta = system.place.run, system.manager, "beta-ca-certs"
    # The tree that this distribution does not read is there for our packages only.
    (unread,) = {"/usr/share/pki/trust", "/usr/share/pki/ca-trust-source"} - {
        str(Path(system.distribution.anchors).parent)
    }
    assert run(["test", "-e", unread], check=False).code == 1

    run([*manager.install, "/root/first.rpm"])
    run([*manager.install, "/root/beta.rpm"])
    assert system.trusted() == system.each({"public", "kept", "old", "beta"})
    assert system.verify(_NAME, beta) == ""
    assert system.owners(unread) == {_NAME, beta}

    run([*manager.erase, _NAME])
    assert system.trusted() == system.each({"public", "kept", "beta"})
    assert system.verify(beta) == ""
    assert system.owners(unread) == {beta}

    run([*manager.erase, beta])
    assert system.trusted() == system.each({"public"})
    assert run(["test", "-e", unread], check=False).code == 1
    # What was there before our packages came, and they owned too, is not theirs to take away.
    assert run(["test", "-d", system.distribution.anchors], check=False).code == 0
    assert snapshot(system.place).changes(since=system.before) == []


@_on(STANDINS[0])
def test_by_default_the_cas_vouch_for_tls_only(system: System) -> None:
    """A CA is in the TLS bundle, and in those for mail and code signing only with `purposes: all`."""
    bundles = [
        f"/etc/pki/ca-trust/extracted/pem/{name}-ca-bundle.pem" for name in ("tls", "email", "objsign")
    ]

    def added() -> list[int]:
        now = snapshot(system.place).certificates
        return [len(now[bundle] - system.before.certificates[bundle]) for bundle in bundles]

    system.place.run([*system.manager.install, "/root/first.rpm"])
    assert added() == [2, 0, 0]
    system.place.run([*system.manager.erase, _NAME])
    system.place.run([*system.manager.install, "/root/broad.rpm"])
    assert added() == [2, 2, 2]
    system.place.run([*system.manager.erase, _NAME])
    assert snapshot(system.place).changes(since=system.before) == []


@_on(STANDINS[0])
def test_a_failing_updater_fails_no_transaction_and_is_said(system: System) -> None:
    """What a scriptlet cannot undo it reports; the next run of the updater repairs the store."""
    updater = system.distribution.updater
    system.place.run(["mv", updater, f"{updater}.real"])
    system.place.copy_in(updater, b"#!/bin/sh\nexit 1\n", mode=0o755)
    said = system.place.run([*system.manager.install, "/root/first.rpm"]).out
    assert f"{_NAME}: update-ca-trust failed; until it succeeds, the trust store is not up to date" in said
    system.place.run(["mv", f"{updater}.real", updater])
    system.place.run([updater])
    assert system.trusted("curl") == system.each({"public", "kept", "old"}, "curl")
