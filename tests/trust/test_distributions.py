"""Packages for systems with p11-kit under dnf, dnf5, zypper and pacman, on stand-ins: see `distributions`."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from builder.prove.store import snapshot
from tests.trust import distributions
from tests.trust.distributions import STANDINS, System
from tests.trust.prepared import Preparations
from tests.trust.world import World, build

_NAME = "acme-ca-certs"


@pytest.fixture
def system(
    request: pytest.FixtureRequest,
    world: World,
    packages: Callable[[str], Mapping[str, Path]],
    preparations: Preparations,
) -> Iterator[System]:
    manager, distribution = request.param
    built = packages(manager.family.target)
    with distributions.open_system(preparations, manager, distribution, world, built) as opened:
        yield opened


def _on(*standins: object) -> pytest.MarkDecorator:
    """Run a test on each of these, as each has a name of its own."""
    cases = [pytest.param(case.values, id=case.id) for case in standins]  # type: ignore[attr-defined]
    return pytest.mark.parametrize("system", cases, indirect=True)


@_on(*STANDINS)
def test_every_client_trusts_what_is_installed_and_nothing_more(system: System) -> None:
    """Installed, upgraded, repaired, downgraded, erased, each client trusts what it should, and no more."""
    run, manager = system.sandbox.run, system.manager
    assert system.trusted() == system.each({"public"})

    run([*manager.install, system.file("first")])
    assert system.trusted() == system.each({"public", "kept", "old"})
    assert system.verify(_NAME) == ""

    run([*manager.upgrade, system.file("second")])
    assert system.trusted() == system.each({"public", "kept", "new"})
    assert system.verify(_NAME) == ""

    run(["rm", system.distribution.bundle])
    run([*manager.reinstall, system.file("second")])
    assert system.trusted("curl", "java") == system.each({"public", "kept", "new"}, "curl", "java")
    assert system.verify(_NAME) == ""

    run([*manager.downgrade, system.file("first")])
    assert system.trusted("curl", "java") == system.each({"public", "kept", "old"}, "curl", "java")

    run([*manager.erase, _NAME])
    assert system.trusted() == system.each({"public"})
    assert system.changes() == []


@_on(*STANDINS)
def test_a_distrusted_ca_is_refused_although_the_administrator_added_it(
    system: System, tmp_path: Path
) -> None:
    """By every client as long as the package blocks it; erased, the administrator's word counts again."""
    run, manager, world, few = system.sandbox.run, system.manager, system.world, ("curl", "java")
    third = build(tmp_path, "acme", [world.kept], "3", target=manager.family.target, distrusted=[world.old])
    system.sandbox.copy_in(system.file("third"), third.read_bytes())
    theirs = system.distribution.sources.split(":")[0]
    system.sandbox.copy_in(f"{theirs}/anchors/somebody.crt", world.old.pem)
    run([*manager.install, system.file("first")])
    assert system.trusted(*few) == system.each({"public", "kept", "old"}, *few)
    run([*manager.upgrade, system.file("third")])
    assert system.trusted() == system.each({"public", "kept"})
    run([*manager.erase, _NAME])
    assert system.trusted(*few) == system.each({"public", "old"}, *few)


@_on(*STANDINS)
def test_two_organisations_side_by_side_keep_what_both_hold_until_the_last_goes(system: System) -> None:
    """Erasing one package leaves the other's CAs and the shared folders; erasing both leaves nothing."""
    run, manager, beta, few = system.sandbox.run, system.manager, "acme-2-ca-certs", ("curl", "java")
    ours = system.distribution.ours

    def owners() -> list[set[str]]:
        return [system.owners(path) for path in ours]

    def gone() -> list[bool]:
        return [run(["test", "-e", path], check=False).code == 1 for path in ours]

    assert all(gone())
    run([*manager.install, system.file("first")])
    run([*manager.install, system.file("beta")])
    assert system.trusted(*few) == system.each({"public", "kept", "old", "beta"}, *few)
    assert system.verify(_NAME, beta) == ""
    assert owners() == [{_NAME, beta}] * len(ours)

    run([*manager.erase, _NAME])
    assert system.trusted(*few) == system.each({"public", "kept", "beta"}, *few)
    assert system.verify(beta) == ""
    assert owners() == [{beta}] * len(ours)

    run([*manager.erase, beta])
    assert system.trusted(*few) == system.each({"public"}, *few)
    assert all(gone())
    # What was there before our packages came, and they owned too, is not theirs to take away.
    assert run(["test", "-d", system.distribution.anchors], check=False).code == 0
    assert system.changes() == []


@_on(STANDINS[0], STANDINS[-1])
def test_by_default_the_cas_vouch_for_tls_only(system: System) -> None:
    """A CA is in the TLS bundle, and in those for mail and code signing only with `purposes: all`."""
    tls = system.distribution.bundle
    bundles = [tls.replace("tls-ca-bundle", f"{name}-ca-bundle") for name in ("tls", "email", "objsign")]

    def added() -> list[int]:
        now = snapshot(system.sandbox).certificates
        return [len(now[bundle] - system.before.certificates[bundle]) for bundle in bundles]

    system.sandbox.run([*system.manager.install, system.file("first")])
    assert added() == [2, 0, 0]
    system.sandbox.run([*system.manager.erase, _NAME])
    system.sandbox.run([*system.manager.install, system.file("broad")])
    assert added() == [2, 2, 2]
    system.sandbox.run([*system.manager.erase, _NAME])
    assert system.changes() == []


@_on(STANDINS[0])
def test_a_failing_updater_fails_no_transaction_and_is_said(system: System) -> None:
    """What a scriptlet cannot undo it reports; the next run of the updater repairs the store."""
    updater = system.distribution.updater
    system.sandbox.run(["mv", updater, f"{updater}.real"])
    system.sandbox.copy_in(updater, b"#!/bin/sh\nexit 1\n", mode=0o755)
    said = system.sandbox.run([*system.manager.install, system.file("first")]).out
    assert f"{_NAME}: update-ca-trust failed; until it succeeds, the trust store is not up to date" in said
    system.sandbox.run(["mv", f"{updater}.real", updater])
    system.sandbox.run([updater])
    assert system.trusted("curl") == system.each({"public", "kept", "old"}, "curl")
