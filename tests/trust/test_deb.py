"""The Debian package on real Debian systems, from the oldest supported to the next.

Most tests run in `small` systems with ten of Mozilla's roots, prepared once for each of Debian's releases.
What depends on all roots, and every client on one release, runs in `whole` ones.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from builder.prove import clients
from builder.prove.clients import SystemClient
from builder.prove.sandbox import Result, Sandbox
from builder.prove.store import Store, snapshot
from tests.roots import SUITES, root
from tests.trust.prepared import Preparations, keep_few_roots
from tests.trust.world import World, build

_CONF = "/etc/ca-certificates.conf"
_UPDATER = "/usr/sbin/update-ca-certificates"
# Between them ca-certificates' own script changed; cases that depend on it alone run on both ends.
_ENDS = ("bullseye", "sid")


def _in(**suites: str) -> pytest.MarkDecorator:
    """Run a test in each suite's system: `whole`, `small`, or small with Acme's first release `installed`."""
    cases = [pytest.param((suite, state), id=suite) for suite, state in suites.items()]
    return pytest.mark.parametrize("system", cases, indirect=True)


ON_ENDS = _in(**dict.fromkeys(_ENDS, "small"))
INSTALLED_ON_ENDS = _in(**dict.fromkeys(_ENDS, "installed"))


@dataclass(frozen=True)
class Debs:
    """Acme's three releases, the third of which distrusts `old`, and Acme 2's one, which has `kept` too."""

    first: Path
    second: Path
    third: Path
    beta: Path

    @staticmethod
    def inside(deb: Path) -> str:
        """Return the path of a package inside a system."""
        return f"/root/{deb.name}"


@dataclass(frozen=True)
class System:
    """An open Debian system that holds the packages, and what it trusted before any was installed."""

    sandbox: Sandbox
    debs: Debs
    world: World
    asked: Sequence[SystemClient]
    before: Store

    def run(self, *command: str, check: bool = True) -> Result:
        """Run a command as an unattended administrator."""
        return self.sandbox.run(command, check=check, environment={"DEBIAN_FRONTEND": "noninteractive"})

    def apt(self, *arguments: str, check: bool = True) -> str:
        """Run apt-get and return what it said."""
        return self.run("apt-get", "--yes", *arguments, check=check).out

    def install(self, deb: Path, *options: str) -> str:
        """Install a package's file with apt, also over a newer one."""
        return self.apt("install", "--allow-downgrades", *options, Debs.inside(deb))

    def trusted(self, *names: str) -> dict[str, set[str]]:
        """Return which servers each client accepts: all clients, or those named."""
        asked = [client for client in self.asked if not names or client.name in names]
        return self.world.trusted(self.sandbox, asked)

    def each(self, accepted: set[str], *names: str) -> dict[str, set[str]]:
        """Return what `trusted` returns when every client accepts exactly `accepted`."""
        return {client.name: accepted for client in self.asked if not names or client.name in names}

    def conf(self) -> str:
        """Return the list of what the system trusts."""
        return self.sandbox.read(_CONF).decode("utf-8")

    def ours(self) -> list[str]:
        """Return the lines of the list that are about our organisations' CAs, without fingerprints."""
        return [
            line.rpartition("-")[0]
            for line in self.conf().splitlines()
            if line.lstrip("!").startswith(("acme/", "acme-2/"))
        ]

    def state(self) -> str:
        """Return dpkg's word for the package's state."""
        return self.run("dpkg-query", "-W", "-f=${Status}", "acme-ca-certs", check=False).out.split(" ")[-1]

    def changes(self) -> list[str]:
        """Return what is not as it was before the first installation."""
        return snapshot(self.sandbox).changes(since=self.before)


@pytest.fixture(scope="session")
def debs(world: World, tmp_path_factory: pytest.TempPathFactory) -> Debs:
    out = tmp_path_factory.mktemp("debs")
    return Debs(
        first=build(out, "acme", [world.kept, world.old], "1", target="deb"),
        second=build(out, "acme", [world.kept, world.new], "2", target="deb"),
        third=build(out, "acme", [world.kept], "3", target="deb", distrusted=[world.old]),
        beta=build(out, "acme-2", [world.beta, world.kept], "1", target="deb"),
    )


def _prepare(sandbox: Sandbox, debs: Debs, world: World, state: str) -> System:
    if state != "whole":
        keep_few_roots(sandbox)
    for deb in (debs.first, debs.second, debs.third, debs.beta):
        sandbox.copy_in(Debs.inside(deb), deb.read_bytes())
    asked = clients.equip(sandbox, world.programs)
    # A CA that is not ours, and must stay trusted whatever we do.
    sandbox.copy_in("/usr/local/share/ca-certificates/public.crt", world.public.pem)
    sandbox.run(["update-ca-certificates"])
    system = System(sandbox, debs, world, asked, snapshot(sandbox))
    if state == "installed":
        system.install(debs.first)
    return system


@pytest.fixture
def system(
    request: pytest.FixtureRequest, debs: Debs, world: World, preparations: Preparations
) -> Iterator[System]:
    suite, state = request.param

    def prepare(sandbox: Sandbox) -> tuple[Sequence[SystemClient], Store]:
        system = _prepare(sandbox, debs, world, state)
        return system.asked, system.before

    with preparations.open(root(suite), state, prepare) as was:
        yield System(was.sandbox, debs, world, was.asked, was.before)


@_in(**dict.fromkeys(SUITES, "small") | {"sid": "whole"})
def test_every_client_trusts_what_is_installed_and_nothing_more(system: System) -> None:
    """Installed, upgraded and removed, each client trusts the release's CAs, and the others as before."""
    assert [client.name for client in clients.CLIENTS] == [client.name for client in system.asked]
    assert system.each({"public"}) == system.trusted()

    system.install(system.debs.first)
    assert system.each({"public", "kept", "old"}) == system.trusted()
    again = system.run("update-ca-certificates").out
    assert "0 added, 0 removed" in again

    system.install(system.debs.second)
    assert system.each({"public", "kept", "new"}) == system.trusted()
    java = "/etc/ssl/certs/java/cacerts"
    assert len(snapshot(system.sandbox).certificates[java] - system.before.certificates[java]) == 2

    system.apt("remove", "acme-ca-certs")
    assert system.each({"public"}) == system.trusted()
    assert system.changes() == []
    system.apt("purge", "acme-ca-certs")
    assert system.changes() == []


@INSTALLED_ON_ENDS
def test_a_distrusted_ca_is_refused_after_the_upgrade(system: System) -> None:
    """By every client, its line gone; unless somebody else has added it: Debian has no place for a veto."""
    system.install(system.debs.third)
    assert system.each({"public", "kept"}) == system.trusted()
    assert system.ours() == ["acme/acme-trust-test-kept"]

    system.sandbox.copy_in("/usr/local/share/ca-certificates/somebody.crt", system.world.old.pem)
    system.run("update-ca-certificates")
    assert system.each({"public", "kept", "old"}, "curl", "java") == system.trusted("curl", "java")
    system.apt("purge", "acme-ca-certs")
    assert system.each({"public", "old"}, "curl", "java") == system.trusted("curl", "java")


@_in(**dict.fromkeys(SUITES, "small"))
def test_reinstalling_repairs_and_downgrading_takes_back(system: System) -> None:
    """A reinstallation repairs a damaged store; a downgrade trusts the older release's CAs again."""
    system.install(system.debs.second, "--no-install-recommends")
    system.run("sh", "-c", "rm -f /etc/ssl/certs/acme-*.pem && : >/etc/ssl/certs/ca-certificates.crt")
    assert system.each(set(), "curl") == system.trusted("curl")
    system.install(system.debs.second, "--reinstall")
    assert system.each({"public", "kept", "new"}, "curl", "openssl") == system.trusted("curl", "openssl")

    system.install(system.debs.first)
    assert system.each({"public", "kept", "old"}, "curl", "java") == system.trusted("curl", "java")
    assert system.run("dpkg", "--verify", "acme-ca-certs").out == ""

    system.apt("purge", "acme-ca-certs")
    assert system.changes() == []


@INSTALLED_ON_ENDS
def test_a_ca_the_administrator_deselected_stays_deselected(system: System) -> None:
    """An administrator's `!` survives everything but a purge."""
    system.run("sed", "-i", "s|^acme/.*-old-|!&|", _CONF)
    system.run("update-ca-certificates")
    deselected = ["acme/acme-trust-test-kept", "!acme/acme-trust-test-old"]

    said = system.install(system.debs.first, "--reinstall")
    assert "is deselected in /etc/ca-certificates.conf and stays untrusted" in said
    assert deselected == system.ours()
    system.install(system.debs.second)
    system.install(system.debs.first)
    assert deselected == sorted(system.ours(), key=lambda line: line.lstrip("!"))
    assert system.each({"public", "kept"}, "curl", "java") == system.trusted("curl", "java")

    system.apt("remove", "acme-ca-certs")
    assert system.ours() == ["!acme/acme-trust-test-old"]
    system.install(system.debs.first)
    assert system.each({"public", "kept"}, "curl") == system.trusted("curl")
    system.apt("purge", "acme-ca-certs")
    assert system.changes() == []


@INSTALLED_ON_ENDS
def test_ours_leave_a_bundle_that_nothing_is_left_for(system: System) -> None:
    """Where every other root is deselected the updater, left alone, keeps the bundle that it made before."""
    system.run("sed", "-i", "s/^mozilla/!&/", _CONF)
    system.run("rm", "/usr/local/share/ca-certificates/public.crt")
    system.run("update-ca-certificates")
    assert system.trusted("curl") == system.each({"kept", "old"}, "curl")
    system.apt("purge", "acme-ca-certs")
    # Java's hook never hears of a file that its administrator has removed.
    asked = [client.name for client in system.asked if client.name != "java"]
    assert system.trusted(*asked) == system.each(set(), *asked)
    assert system.sandbox.read("/etc/ssl/certs/ca-certificates.crt") == b""


@INSTALLED_ON_ENDS
def test_two_organisations_live_side_by_side(system: System) -> None:
    """Removing one organisation's package leaves the other's CAs trusted, also those that both have."""
    system.install(system.debs.beta)
    assert system.each({"public", "kept", "old", "beta"}, "curl", "java") == system.trusted("curl", "java")
    system.apt("purge", "acme-ca-certs")
    assert system.each({"public", "kept", "beta"}, "curl", "java") == system.trusted("curl", "java")
    system.apt("purge", "acme-2-ca-certs")
    assert system.changes() == []


@INSTALLED_ON_ENDS
def test_removing_both_packages_and_ca_certificates_at_once_leaves_nothing(system: System) -> None:
    """Our CAs leave the bundle even when ca-certificates is removed in the same run."""
    system.run("dpkg", "--force-depends", "--remove", "acme-ca-certs", "ca-certificates")
    assert [path for path in system.changes() if "acme" in path or path.endswith("ca-certificates.crt")] == []


@_in(bookworm="small")
def test_installing_without_recommends_brings_ca_certificates_where_it_was_missing(system: System) -> None:
    """As in a slim image: what the package depends on is enough, in one run with it."""
    system.apt("purge", "ca-certificates")
    both = 'apt-get --yes install --no-install-recommends "$1" /root/ca-certificates_*.deb'
    system.run("sh", "-c", both, "sh", Debs.inside(system.debs.first))
    assert system.each({"public", "kept", "old"}, "curl", "openssl") == system.trusted("curl", "openssl")
    system.apt("purge", "acme-ca-certs")
    assert system.each({"public"}, "curl", "openssl") == system.trusted("curl", "openssl")
    assert system.ours() == []


@ON_ENDS
def test_a_java_that_is_missing_fails_nothing(system: System) -> None:
    """Where Java went and its hook in update-ca-certificates stayed, all others' trust comes and goes."""
    system.run("sh", "-c", "rm -r /usr/lib/jvm; test -x /etc/ca-certificates/update.d/jks-keystore")
    system.install(system.debs.first)
    assert system.each({"public", "kept", "old"}, "curl") == system.trusted("curl")
    system.apt("purge", "acme-ca-certs")
    assert system.changes() == []


@ON_ENDS
@pytest.mark.parametrize(("answer", "accepted"), [("yes", {"kept", "old"}), ("no", set())])
def test_installing_before_ca_certificates_is_configured(
    system: System, answer: str, accepted: set[str]
) -> None:
    """Configuring waits for ca-certificates, and respects its `trust_new_crts`."""
    system.run("dpkg", "--force-depends", "--purge", "ca-certificates")
    question = f"ca-certificates ca-certificates/trust_new_crts select {answer}"
    system.run("sh", "-c", 'echo "$1" | debconf-set-selections', "sh", question)
    system.run("sh", "-c", "dpkg --unpack /root/ca-certificates_*.deb")
    said = system.run("dpkg", "--install", Debs.inside(system.debs.first), check=False)
    assert (said.code, system.state()) == (1, "unpacked")

    said = system.run("dpkg", "--configure", "--pending")
    assert ("is deselected in" in said.out) == (answer == "no")
    assert system.each({"public", *accepted}, "curl") == system.trusted("curl")
    system.apt("purge", "acme-ca-certs")
    assert system.ours() == []


@_in(**dict.fromkeys(_ENDS, "whole"))
def test_a_package_that_was_never_configured_leaves_nothing(system: System) -> None:
    """What ca-certificates enabled on its own between unpacking and removal is taken back."""
    system.run("dpkg", "--unpack", Debs.inside(system.debs.first))
    system.run("dpkg-reconfigure", "ca-certificates")
    system.apt("purge", "acme-ca-certs")
    assert system.ours() == []
    assert system.changes() == []


@INSTALLED_ON_ENDS
def test_reconfiguring_ca_certificates_keeps_our_cas(system: System) -> None:
    """`dpkg-reconfigure ca-certificates` keeps what is installed, and after a removal brings nothing back."""
    system.run("dpkg-reconfigure", "ca-certificates")
    assert system.each({"public", "kept", "old"}, "curl", "java") == system.trusted("curl", "java")
    system.apt("purge", "acme-ca-certs")
    system.run("dpkg-reconfigure", "ca-certificates")
    assert system.each({"public"}, "curl", "java") == system.trusted("curl", "java")
    assert system.ours() == []


@ON_ENDS
def test_a_read_only_store_is_a_clear_failure_that_a_retry_repairs(system: System) -> None:
    """Neither installing nor removing claims success while /etc/ssl/certs cannot be written."""
    told = "acme-ca-certs: update-ca-certificates failed; /etc/ca-certificates.conf stays as it was"
    with _read_only(system, "/etc/ssl/certs"):
        said = system.run("dpkg", "--install", Debs.inside(system.debs.first), check=False)
        assert (said.code, told in said.out, system.state()) == (1, True, "half-configured")
    assert system.changes() == []
    system.run("dpkg", "--configure", "--pending")
    assert system.each({"public", "kept", "old"}, "curl", "java") == system.trusted("curl", "java")

    with _read_only(system, "/etc/ssl/certs"):
        said = system.run("dpkg", "--remove", "acme-ca-certs", check=False)
        assert (said.code, told in said.out) == (1, True)
    assert system.ours() == ["acme/acme-trust-test-kept", "acme/acme-trust-test-old"]
    assert system.each({"public", "kept", "old"}, "curl", "java") == system.trusted("curl", "java")
    system.run("dpkg", "--remove", "acme-ca-certs")
    assert system.changes() == []


@ON_ENDS
def test_an_etc_that_is_read_only_or_lacks_the_list_is_a_clear_failure(system: System) -> None:
    """Without a list that can be replaced nothing is changed, and the message says what to do."""
    system.run("mv", _CONF, "/root/list")
    said = system.run("dpkg", "--install", Debs.inside(system.debs.first), check=False)
    assert "acme-ca-certs: /etc/ca-certificates.conf is missing; run 'dpkg-reconfigure" in said.out
    system.run("mv", "/root/list", _CONF)
    with _read_only(system, "/etc"):
        said = system.run("dpkg", "--configure", "--pending", check=False)
        assert "acme-ca-certs: cannot write in /etc; /etc/ca-certificates.conf stays as it was" in said.out
    assert system.changes() == []
    system.run("dpkg", "--configure", "--pending")
    assert system.each({"public", "kept", "old"}, "curl") == system.trusted("curl")


# Half a bundle, left where the next update-ca-certificates of bookworm and later would append to it.
_KILLED_EARLY = "cp /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt.new; kill -9 $PPID"


@INSTALLED_ON_ENDS
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param("exit 1", id="failed"),
        pytest.param(_KILLED_EARLY, id="killed-at-its-start"),
        pytest.param(f'{_UPDATER}.real "$@"; kill -9 $PPID', id="killed-at-its-end"),
    ],
)
def test_a_removal_that_did_not_finish_is_undone_by_reinstalling(system: System, fault: str) -> None:
    """After a failed or interrupted prerm, reinstalling trusts the CAs again and removing removes them."""
    _break_removal(system, fault)
    # Not apt: of a package in this state it says "Internal Error, No file name".
    system.run("dpkg", "--install", Debs.inside(system.debs.first))
    assert system.each({"public", "kept", "old"}, "curl", "java") == system.trusted("curl", "java")
    system.apt("purge", "acme-ca-certs")
    assert system.each({"public"}, "curl", "java") == system.trusted("curl", "java")
    assert system.changes() == []


@ON_ENDS
def test_an_installation_that_was_killed_can_be_purged(system: System) -> None:
    """After the updater, before the list: what is in the store, Java's too, goes all the same."""
    _kill_after_updater(system, system.debs.first)
    assert system.ours() == []
    system.run("dpkg", "--purge", "acme-ca-certs")
    assert system.each({"public"}, "curl", "java") == system.trusted("curl", "java")
    assert system.changes() == []


@INSTALLED_ON_ENDS
def test_an_upgrade_that_was_killed_can_be_purged_or_taken_back(system: System) -> None:
    """The CA that the upgrade added goes, with the package or with the older release."""
    _kill_after_updater(system, system.debs.second)
    system.run("dpkg", "--install", Debs.inside(system.debs.first))
    assert system.each({"public", "kept", "old"}, "curl", "java") == system.trusted("curl", "java")
    _kill_after_updater(system, system.debs.second)
    system.run("dpkg", "--purge", "acme-ca-certs")
    assert system.each({"public"}, "curl", "java") == system.trusted("curl", "java")
    assert system.changes() == []


def _kill_after_updater(system: System, deb: Path) -> None:
    """Install a package whose postinst is killed as soon as the updater has done its work."""
    system.run("mv", _UPDATER, f"{_UPDATER}.real")
    fault = f'#!/bin/sh\n{_UPDATER}.real "$@"\nkill -9 $PPID\n'
    system.sandbox.copy_in(_UPDATER, fault.encode(), mode=0o755)
    assert system.run("dpkg", "--install", Debs.inside(deb), check=False).code != 0
    system.run("mv", f"{_UPDATER}.real", _UPDATER)


@_in(bookworm="small")
def test_a_list_that_is_mounted_or_linked_stays_so(system: System) -> None:
    """Containers mount it, administrators link it: it is written in its place."""
    system.run("mount", "--bind", _CONF, _CONF)
    system.install(system.debs.first)
    assert system.ours() == ["acme/acme-trust-test-kept", "acme/acme-trust-test-old"]
    system.apt("purge", "acme-ca-certs")
    system.run("umount", _CONF)
    assert system.changes() == []
    system.run("sh", "-c", f"mkdir /etc/kept && mv {_CONF} /etc/kept/list && ln -s kept/list {_CONF}")
    system.install(system.debs.first)
    assert system.ours() == ["acme/acme-trust-test-kept", "acme/acme-trust-test-old"]
    assert system.run("readlink", _CONF).out == "kept/list\n"


@INSTALLED_ON_ENDS
def test_an_interrupted_removal_that_is_tried_again_removes_everything(system: System) -> None:
    """What an interrupted update-ca-certificates left behind does not bring our CAs back."""
    _break_removal(system, _KILLED_EARLY)
    system.run("dpkg", "--remove", "acme-ca-certs")
    assert system.each({"public"}, "curl", "java") == system.trusted("curl", "java")
    assert system.changes() == []


def _break_removal(system: System, fault: str) -> None:
    """Let a removal meet `fault` in place of the updater; the list must be as it was."""
    system.run("mv", _UPDATER, f"{_UPDATER}.real")
    system.sandbox.copy_in(_UPDATER, f"#!/bin/sh\n{fault}\n".encode(), mode=0o755)
    assert system.run("dpkg", "--remove", "acme-ca-certs", check=False).code != 0
    assert system.ours() == ["acme/acme-trust-test-kept", "acme/acme-trust-test-old"]
    system.run("mv", f"{_UPDATER}.real", _UPDATER)


@contextlib.contextmanager
def _read_only(system: System, folder: str) -> Iterator[None]:
    system.run("mount", "--bind", folder, folder)
    system.run("mount", "-o", "remount,bind,ro", folder)
    yield
    system.run("umount", folder)
