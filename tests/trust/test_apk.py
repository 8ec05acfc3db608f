"""The Alpine package on a stand-in: see `alpine`."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from builder.prove.store import snapshot
from tests.trust import alpine
from tests.trust.alpine import System
from tests.trust.prepared import Preparations
from tests.trust.world import World, build


@dataclass(frozen=True)
class Apks:
    """Acme's two releases, and a package of Acme 2's that holds one of Acme's CAs too."""

    first: Path
    second: Path
    shared: Path


@pytest.fixture(scope="session")
def apks(world: World, tmp_path_factory: pytest.TempPathFactory) -> Apks:
    out = tmp_path_factory.mktemp("apks")
    return Apks(
        first=build(out, "acme", [world.kept, world.old], "1", target="apk"),
        second=build(out, "acme", [world.kept, world.new], "2", target="apk"),
        shared=build(out, "acme-2", [world.kept], "1", target="apk"),
    )


@pytest.fixture
def system(world: World, preparations: Preparations) -> Iterator[System]:
    with alpine.open_system(preparations, world) as opened:
        yield opened


def test_every_client_trusts_what_is_installed_and_nothing_more_on_alpine_stand_in(
    system: System, apks: Apks
) -> None:
    """Installed, upgraded, downgraded and deleted, each client trusts what it should, and no more."""
    assert [client.name for client in system.asked] == list(alpine.ASKED)
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
    assert snapshot(system.sandbox).changes(since=system.before) == []


@pytest.mark.parametrize("ca_certificates", ["goes-first", "goes-last"])
def test_an_image_that_has_only_the_bundle_gets_it_back_on_alpine_stand_in(
    system: System, apks: Apks, ca_certificates: str
) -> None:
    """Where ca-certificates comes and goes with our package, the bundle is as it was, byte for byte."""
    files = system.drop_ca_certificates()
    before = snapshot(system.sandbox)
    assert [path for path in before.files if path.startswith("/etc/ssl/certs/")] == [alpine.BUNDLE]
    assert system.trusted("curl", "openssl") == system.each({"public"}, "curl", "openssl")

    system.add_with_ca_certificates(apks.first, files)
    assert system.trusted() == system.each({"public", "kept", "old"})

    done = system.delete(apks.first, ca_certificates=ca_certificates)
    assert (done.code, done.out) == (0, "")
    assert system.trusted() == system.each({"public"})
    assert snapshot(system.sandbox).changes(since=before) == []


def test_a_ca_that_another_package_brings_too_stays_trusted_on_alpine_stand_in(
    system: System, apks: Apks
) -> None:
    """The script takes each of its CAs out once, so the other package's copy stays."""
    system.add(apks.first)
    system.add(apks.shared)
    system.delete(apks.first, ca_certificates="goes-first")
    assert system.trusted("curl", "go") == system.each({"public", "kept"}, "curl", "go")


def test_a_bundle_without_empty_lines_is_given_back_without_on_alpine_stand_in(
    system: System, apks: Apks
) -> None:
    """Until 2020, Alpine wrote nothing between two certificates."""
    tighten = ["sed", "-i", "/^$/d", alpine.BUNDLE]
    system.sandbox.run(tighten)
    before = system.sandbox.read(alpine.BUNDLE)
    system.add(apks.first)
    system.sandbox.run(tighten)
    assert system.sandbox.read(alpine.BUNDLE) != before
    system.delete(apks.first, ca_certificates="goes-first")
    assert system.sandbox.read(alpine.BUNDLE) == before


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(f"rm {alpine.BUNDLE}", id="bundle-is-missing"),
        pytest.param(f": >{alpine.BUNDLE}", id="bundle-is-empty"),
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
    system.sandbox.run(["sh", "-c", damage])
    bundle = [
        "sh",
        "-c",
        f"cat {alpine.BUNDLE} 2>/dev/null | wc -c; ls /etc/ssl/certs 2>/dev/null | grep -c new",
    ]
    before = system.sandbox.run(bundle, check=False).out
    system.sandbox.run(["rm", alpine.UPDATER])
    assert system.delete(apks.first).code == 0
    assert system.sandbox.run(bundle, check=False).out == before
