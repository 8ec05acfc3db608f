"""Stand-ins for Fedora, openSUSE and Arch, of which no system is to be had here.

Each is a Debian system whose p11-kit, the real one, reads that distribution's folders, with the real package
manager and a double of the distribution's ca-certificates that extracts the same files.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from builder import formats
from builder.model import File, Package
from builder.prove import clients
from builder.prove.clients import SystemClient
from builder.prove.sandbox import Sandbox
from builder.prove.store import Store, snapshot
from builder.prove.testbeds.system import STAND_IN
from tests.roots import root
from tests.trust.prepared import Preparations
from tests.trust.world import World
from tests.unit import bundles

_STANDINS = Path(__file__).parent / "standins"
_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
_JAVA = "/etc/ssl/certs/java/cacerts"
_MODULE = "module: p11-kit-trust.so\ntrust-policy: yes\nx-init-reserved: paths='{sources}'\n"
# Ten of Mozilla's roots, as each extraction and each handshake is paid for every one; in one file, as p11-kit
# reads files in their folder's order, which is not the same in the next copy.
_MOZILLA = 'cd /usr/share/ca-certificates/mozilla && ls | head -n 10 | xargs cat >>"$1"'


@dataclass(frozen=True, eq=False)
class Distribution:
    """What tells a stand-in from Debian: where p11-kit looks, and the updater and what it extracts.

    `owner` is the package of the updater, `doubles` that package's files by their paths, and `ours` a folder
    that nobody but our packages has there, if there is one.
    """

    name: str
    updater: str
    owner: str
    doubles: Mapping[str, str]
    sources: str
    anchors: str
    bundle: str
    java: str
    ours: tuple[str, ...]

    @property
    def stand_in(self) -> str:
        """What of the system is a double, as `trustpack prove` reads it from a system."""
        return f"Debian's p11-kit with {self.name}'s folders and a double of its {Path(self.updater).name}"


FEDORA = Distribution(
    name="Fedora",
    updater="/usr/bin/update-ca-trust",
    owner="ca-certificates",
    doubles={"/usr/bin/update-ca-trust": "update-ca-trust"},
    sources="/etc/pki/ca-trust/source:/usr/share/pki/ca-trust-source",
    anchors="/usr/share/pki/ca-trust-source/anchors",
    bundle="/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    java="/etc/pki/ca-trust/extracted/java/cacerts",
    ours=("/usr/share/pki/trust",),
)
OPENSUSE = Distribution(
    name="openSUSE",
    updater="/usr/sbin/update-ca-certificates",
    owner="ca-certificates",
    doubles={"/usr/sbin/update-ca-certificates": "update-ca-certificates.suse"},
    sources="/etc/pki/trust:/usr/share/pki/trust",
    anchors="/usr/share/pki/trust/anchors",
    bundle="/var/lib/ca-certificates/ca-bundle.pem",
    java="/var/lib/ca-certificates/java-cacerts",
    ours=("/usr/share/pki/ca-trust-source",),
)
ARCH = Distribution(
    name="Arch",
    updater="/usr/bin/update-ca-trust",
    owner="ca-certificates-utils",
    doubles={
        "/usr/bin/update-ca-trust": "update-ca-trust.arch",
        "/usr/share/libalpm/hooks/update-ca-trust.hook": "update-ca-trust.hook",
    },
    sources="/etc/ca-certificates/trust-source:/usr/share/ca-certificates/trust-source",
    anchors="/usr/share/ca-certificates/trust-source/anchors",
    bundle="/etc/ca-certificates/extracted/tls-ca-bundle.pem",
    java=_JAVA,
    ours=(),
)


@dataclass(frozen=True, eq=False)
class Family:
    """A package format's target, and the commands that ask its database, which end in names or a path.

    `verify` says nothing where nothing was changed; `metadata` is what the double has to say of itself.
    """

    target: str
    container: str
    verify: tuple[str, ...]
    owners: tuple[str, ...]
    metadata: Mapping[str, Sequence[str]]


RPM = Family(
    target="rpm",
    container="rpm",
    verify=("rpm", "--verify"),
    owners=("rpm", "--query", "--qf", r"%{NAME}\n", "--file"),
    # The shell is Debian's.
    metadata={"provides": ["/bin/sh"]},
)
PKG = Family(
    target="arch",
    container="pacman",
    verify=("pacman", "--query", "--check", "--check", "--quiet"),
    owners=("pacman", "--query", "--quiet", "--owns"),
    metadata={},
)


@dataclass(frozen=True)
class Manager:
    """A package manager: the suite that has it, and its commands, which end in a file or a name."""

    family: Family
    suite: str
    install: tuple[str, ...]
    upgrade: tuple[str, ...]
    reinstall: tuple[str, ...]
    downgrade: tuple[str, ...]
    erase: tuple[str, ...]


def _dnf(suite: str, *program: str) -> Manager:
    dnf = (*program, "--assumeyes", "--releasever=1", "--setopt=gpgcheck=0")
    words = ("install", "upgrade", "reinstall", "downgrade", "remove")
    return Manager(RPM, suite, *((*dnf, word) for word in words))


_ZYPPER = ("zypper", "--non-interactive", "--no-gpg-checks")
_IN = (*_ZYPPER, "install", "--allow-unsigned-rpm")
DNF4 = _dnf("trixie", "dnf")
# The plugin `local` copies what is installed into a repository, and wants createrepo_c for it.
DNF5 = _dnf("sid", "dnf5", "--disable-plugin=local")
ZYPPER = Manager(RPM, "trixie", _IN, _IN, (*_IN, "--force"), (*_IN, "--oldpackage"), (*_ZYPPER, "remove"))
_UPGRADE = ("pacman", "--noconfirm", "--upgrade")
PACMAN = Manager(PKG, "trixie", *(_UPGRADE,) * 4, ("pacman", "--noconfirm", "--remove"))
STANDINS = [
    pytest.param(DNF4, FEDORA, id="dnf4-on-fedora-stand-in"),
    pytest.param(DNF5, FEDORA, id="dnf5-on-fedora-stand-in"),
    pytest.param(ZYPPER, OPENSUSE, id="zypper-on-opensuse-stand-in"),
    pytest.param(PACMAN, ARCH, id="pacman-on-arch-stand-in"),
]


@dataclass(frozen=True)
class System:
    """An open stand-in that holds the packages, and what it trusted before any was installed."""

    sandbox: Sandbox
    distribution: Distribution
    manager: Manager
    world: World
    asked: Sequence[SystemClient]
    before: Store

    def trusted(self, *names: str) -> dict[str, set[str]]:
        """Return which servers each client accepts: all clients, or those named."""
        return self.world.trusted(self.sandbox, [c for c in self.asked if not names or c.name in names])

    def each(self, accepted: set[str], *names: str) -> dict[str, set[str]]:
        """Return what `trusted` returns when every client accepts exactly `accepted`."""
        return {c.name: accepted for c in self.asked if not names or c.name in names}

    def file(self, key: str) -> str:
        """Return where one of the packages lies."""
        return f"/root/{key}.{self.manager.family.container}"

    def verify(self, *names: str) -> str:
        """Return what the database finds changed in the installed packages of these names."""
        return self.sandbox.run([*self.manager.family.verify, *names], check=False).out

    def owners(self, path: str) -> set[str]:
        """Return the names of the packages that own `path`, which is there."""
        return set(self.sandbox.run([*self.manager.family.owners, path]).out.split())

    def changes(self) -> list[str]:
        """Return what is not as it was before the first installation."""
        return snapshot(self.sandbox).changes(since=self.before)


@contextlib.contextmanager
def open_system(
    preparations: Preparations,
    manager: Manager,
    distribution: Distribution,
    world: World,
    packages: Mapping[str, Path],
) -> Iterator[System]:
    """Open a stand-in that has `packages` in /root, each by its key with the container as its ending."""

    def prepare(sandbox: Sandbox) -> tuple[Sequence[SystemClient], Store]:
        disguise(sandbox, manager, distribution)
        roots = f"{distribution.anchors}/roots.pem"
        sandbox.copy_in(roots, world.public.pem)
        sandbox.run(["sh", "-c", _MOZILLA, "sh", roots])
        sandbox.run([distribution.updater])
        for name, package in packages.items():
            sandbox.copy_in(f"/root/{name}.{manager.family.container}", package.read_bytes())
        return clients.equip(sandbox, world.programs), snapshot(sandbox)

    with preparations.open(root(manager.suite), (manager, distribution), prepare) as was:
        yield System(was.sandbox, distribution, manager, world, was.asked, was.before)


def disguise(sandbox: Sandbox, manager: Manager, distribution: Distribution) -> None:
    """Let a Debian system look like the distribution."""
    sandbox.copy_in(STAND_IN, f"{distribution.stand_in}\n".encode())
    # Debian's own store makes room: every client then reads what the double extracts.
    sandbox.run(["rm", "-r", "/usr/sbin/update-ca-certificates", "/etc/ssl/certs"])
    sandbox.run(["mkdir", "-p", str(Path(_JAVA).parent)])
    bundle, java = distribution.bundle, distribution.java
    for path, to in ((_BUNDLE, bundle), ("/usr/lib/ssl/cert.pem", bundle), (_JAVA, java)):
        if path != to:
            sandbox.run(["ln", "-sf", to, path])
    module = _MODULE.format(sources=distribution.sources)
    sandbox.copy_in("/etc/pkcs11/modules/p11-kit-trust.module", module.encode())
    sandbox.run(["mkdir", "-p", distribution.anchors, *distribution.sources.split(":")])
    # Every system that has started has this; pacman reads there how much room there is.
    sandbox.run(["ln", "-sf", "../proc/self/mounts", "/etc/mtab"])
    double = f"/root/double.{manager.family.container}"
    sandbox.copy_in(double, double_of(manager.family, distribution))
    sandbox.run([*manager.install, double])


def double_of(family: Family, distribution: Distribution) -> bytes:
    """Package the double of the distribution's ca-certificates."""
    owner = bundles.organisation("test", summary="Double of a distribution's ca-certificates")
    files = (
        File(path, (_STANDINS / double).read_bytes(), 0o755 if path == distribution.updater else 0o644)
        for path, double in distribution.doubles.items()
    )
    return formats.write(
        Package(
            target="double",
            container=family.container,
            name=distribution.owner,
            version="1",
            filename="double",
            epoch=1_795_478_400,
            organisation=owner,
            files=tuple(files),
            metadata=family.metadata,
        )
    )
