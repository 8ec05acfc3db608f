"""Systems whose package managers know one site: throw-away copies of the unpacked systems of tests/roots.py.

    def test_it(hosts, open_site, releases):
        site = open_site(releases.first)
        host = hosts.open("apt-bookworm")       # NAMES has all
        host.know(site)                         # its key and its source are put there, by no script of ours
        host.install("acme-ca-certs")           # refreshes first, raises where it fails; also `version=`
        assert host.version("acme-ca-certs") == "2026.10"
        site.add(releases.second)
        host.upgrade("acme-ca-certs")
        done = host.run("apt-get update", check=False)        # whatever else: done.code, done.out

Nothing is asked but the site: the systems' own sources are gone. `forget()` makes a client that has seen
nothing before: without it an index that was put back, or is of the same second, may not be asked for, and
the test would pass without having tested anything. dnf hides a broken repository (exit status 0): look at
`version()`, which asks the database. Fedora, openSUSE and Arch are stand-ins, see
tests/trust/distributions.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from builder.prove.store import Store
from builder.repositories import clients
from tests.repositories.sites import ORGANISATION
from tests.roots import root
from tests.trust import distributions
from tests.trust.distributions import ARCH, DNF4, DNF5, FEDORA, OPENSUSE, PACMAN, ZYPPER
from tests.trust.prepared import keep_few_roots

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Callable, Mapping

    from builder.prove.sandbox import Result, Sandbox
    from tests.repositories.sites import Site
    from tests.trust.distributions import Distribution, Manager
    from tests.trust.prepared import Preparations

_QUIET = {"DEBIAN_FRONTEND": "noninteractive"}
_NO_SOURCES = "rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/* /var/lib/apt/lists/*"
_RPM_KEY = clients.rpm_key(ORGANISATION)


@dataclass(frozen=True, eq=False)
class Kind:
    """A package manager: shell lines in which {name} is a package, and {spec} one with its version."""

    suite: str
    prepare: Callable[[Sandbox], None]
    files: Callable[[Site], Mapping[str, bytes]]
    refresh: str
    install: str
    spec: str
    upgrade: str
    remove: str
    version: str
    forget: str
    begin: str = ":"


def _apt_files(site: Site) -> dict[str, bytes]:
    owner, names = ORGANISATION, site.names("apt")
    files = {
        clients.apt_sources(owner): clients.sources(site.publication, names).encode(),
        clients.apt_preferences(owner): clients.preferences(site.publication, names).encode(),
    }
    return files | ({clients.apt_key(owner): site.keys.certificate} if site.keys else {})


def _dnf_files(site: Site) -> dict[str, bytes]:
    text = clients.dnf(site.publication, site.names("rpm"))
    return {clients.dnf_repository(ORGANISATION): text.encode(), **_rpm_key(site)}


def _zypper_files(site: Site) -> dict[str, bytes]:
    return {clients.zypper_repository(ORGANISATION): clients.zypper(site.publication).encode()} | _rpm_key(
        site
    )


def _rpm_key(site: Site) -> dict[str, bytes]:
    return {_RPM_KEY: site.keys.certificate} if site.keys else {}


def _pacman_files(site: Site) -> dict[str, bytes]:
    text = f"[options]\nArchitecture = x86_64\n{clients.pacman(site.publication)}"
    files = {"/etc/pacman.conf": text.encode()}
    return files | ({"/root/acme.asc": site.keys.certificate} if site.keys else {})


def _disguised(manager: Manager, distribution: Distribution) -> Callable[[Sandbox], None]:
    def prepare(sandbox: Sandbox) -> None:
        distributions.disguise(sandbox, manager, distribution)
        sandbox.run(["sh", "-c", "rm -rf /etc/yum.repos.d/* /etc/zypp/repos.d/*"])
        sandbox.run([distribution.updater])

    return prepare


def _prepare_apt(sandbox: Sandbox) -> None:
    keep_few_roots(sandbox)
    sandbox.run(["sh", "-c", _NO_SOURCES])


def _apt(suite: str) -> Kind:
    return Kind(
        suite,
        _prepare_apt,
        _apt_files,
        refresh="apt-get update",
        install="apt-get --yes --allow-downgrades install {spec}",
        spec="{name}={version}",
        upgrade="apt-get --yes install --only-upgrade {name}",
        remove="apt-get --yes purge {name}",
        version="dpkg-query --show --showformat='${{Version}}' {name}",
        forget="rm -rf /var/lib/apt/lists/* && apt-get clean",
    )


def _dnf(manager: Manager, program: str) -> Kind:
    return Kind(
        manager.suite,
        _disguised(manager, FEDORA),
        _dnf_files,
        refresh=f"{program} makecache --refresh",
        install=f"{program} install {{spec}}",
        spec="{name}-{version}",
        upgrade=f"{program} upgrade {{name}}",
        remove=f"{program} remove {{name}}",
        version="rpm --query --qf '%{{VERSION}}' {name}",
        forget=f"{program} clean all && rm -rf /var/cache/dnf /var/cache/libdnf5 /var/lib/dnf/repos",
    )


# As pacman-key does with a key of its own in between; on Debian it needs the package of makepkg.
_PACMAN_KEYS = r"""
[ -e /root/acme.asc ] || exit 0
mkdir -p -m 700 /etc/pacman.d/gnupg
cd /etc/pacman.d/gnupg
touch pubring.gpg
gpg --homedir . --batch --import /root/acme.asc
gpg --homedir . --with-colons --list-keys | sed -n 's/^fpr:*\([0-9A-F]*\):$/\1:6:/p' |
    gpg --homedir . --import-ownertrust
"""
_ZYPP = "zypper --non-interactive"
KINDS = {
    "apt-bullseye": _apt("bullseye"),
    "apt-bookworm": _apt("bookworm"),
    "apt-trixie": _apt("trixie"),
    "apt-sid": _apt("sid"),
    "dnf": _dnf(DNF4, "dnf --assumeyes --releasever=1"),
    "dnf5": _dnf(DNF5, "dnf5 --assumeyes --releasever=1 --disable-plugin=local"),
    "zypper": Kind(
        ZYPPER.suite,
        _disguised(ZYPPER, OPENSUSE),
        _zypper_files,
        # What it knows of the mirrors it believes for ten minutes, even now.
        refresh="find /var/cache/zypp -name '*mirrorlist*' -exec touch --date='-1 hour' {} + 2>/dev/null; "
        f"{_ZYPP} refresh --force",
        install=f"{_ZYPP} install --oldpackage {{spec}}",
        spec="{name}={version}",
        upgrade=f"{_ZYPP} update {{name}}",
        remove=f"{_ZYPP} remove {{name}}",
        version="rpm --query --qf '%{{VERSION}}' {name}",
        forget=f"{_ZYPP} clean --all && rm -rf /var/cache/zypp",
        begin=f"[ ! -e {_RPM_KEY} ] || rpm --import {_RPM_KEY}",
    ),
    "pacman": Kind(
        PACMAN.suite,
        _disguised(PACMAN, ARCH),
        _pacman_files,
        refresh="pacman --noconfirm --sync --refresh --refresh",
        install="pacman --noconfirm --sync {name}",
        spec="{name}",  # a repository of pacman's offers one version
        upgrade="pacman --noconfirm --sync {name}",
        remove="pacman --noconfirm --remove {name}",
        version="pacman --query {name} 2>/dev/null | sed -n 's/^{name} \\(.*\\)-[0-9]*$/\\1/p'",
        forget="rm -rf /var/lib/pacman/sync/* /var/cache/pacman/pkg/*",
        begin=_PACMAN_KEYS,
    ),
}
NAMES = tuple(KINDS)
# One of each program: what most tests ask.
FEW = ("apt-bookworm", "dnf", "dnf5", "zypper", "pacman")


@dataclass(frozen=True, eq=False)
class Host:
    """An open system and its package manager."""

    sandbox: Sandbox
    kind: Kind

    def run(self, script: str, *, check: bool = True) -> Result:
        """Run a shell script; raise ProofError where it fails and `check` is true."""
        return self.sandbox.run(["sh", "-c", script], check=check, environment=_QUIET)

    def know(self, site: Site) -> None:
        """Make the site known to the package manager, and trusted."""
        for path, data in self.kind.files(site).items():
            self.sandbox.copy_in(path, data)
        self.run(self.kind.begin)

    def refresh(self, *, check: bool = True) -> Result:
        """Fetch the index."""
        return self.run(self.kind.refresh, check=check)

    def install(self, name: str, version: str = "", *, check: bool = True) -> Result:
        """Refresh, and install a package, or a version of it."""
        spec = self.kind.spec.format(name=name, version=version) if version else name
        return self._fresh(self.kind.install.format(spec=spec, name=name), check=check)

    def upgrade(self, name: str, *, check: bool = True) -> Result:
        """Refresh, and upgrade a package that is installed."""
        return self._fresh(self.kind.upgrade.format(name=name), check=check)

    def remove(self, name: str) -> Result:
        """Remove a package and its configuration."""
        return self.run(self.kind.remove.format(name=name))

    def version(self, name: str) -> str:
        """Return the version that is installed, as the database knows it; empty where none is."""
        done = self.run(self.kind.version.format(name=name), check=False)
        return done.out.strip() if done.code == 0 else ""

    def forget(self) -> None:
        """Remove every index and package that the package manager keeps."""
        self.run(self.kind.forget)

    def _fresh(self, script: str, *, check: bool) -> Result:
        return self.run(f"{self.kind.refresh} && {script}", check=check)


@dataclass(frozen=True, eq=False)
class Hosts:
    """What opens systems, prepared once in a session, until a test ends."""

    stack: contextlib.ExitStack
    preparations: Preparations

    def open(self, name: str) -> Host:
        """Open the system called so, which knows no site yet."""
        kind = KINDS[name]

        def prepare(sandbox: Sandbox) -> tuple[tuple[()], Store]:
            kind.prepare(sandbox)
            return (), Store({}, {})

        was = self.stack.enter_context(self.preparations.open(root(kind.suite), name, prepare))
        return Host(was.sandbox, kind)
