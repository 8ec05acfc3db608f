"""`--realm`: every command that is about a configuration is about one of its realms, too."""

import json
from pathlib import Path

import pytest

from builder.errors import UsageError
from tests.cli.conftest import World
from tests.commands import commands

CONFIG = """\
organisation: {slug: acme}
bundle: {paths: [roots.pem]}
targets: [deb, wheel]
site: https://packages.acme.example
realms:
  staging:
    bundle: {paths: [staging.pem]}
    site: https://packages.acme.example/staging
"""
# init writes a configuration, and has nothing to choose in it.
WITHOUT = {"init"}
SITE = "https://packages.acme.example"
# What each command needs beside --realm.
WORDS = {
    "prove": "--out built",
    "publish": "built --to pypi",
    "repo export": "site.tar --site built",
    "repo fetch": "built",
    "repo push": "to",
    "repo rehost": f"--url {SITE}",
    "repo retire": "1 --reason old",
    "sign": "built",
}


@pytest.fixture
def realms(world: World, another: bytes) -> World:
    """Return a folder with a configuration of two bundles."""
    (world.folder / "staging.pem").write_bytes(another)
    world.write("trustpack.yaml", CONFIG)
    return world


def test_every_command_with_a_configuration_takes_a_realm() -> None:
    """Where one may be given, the other may."""
    options = {command.path: {part.name for part in command.parts.params} for command in commands()}
    with_config = {path for path, names in options.items() if "config" in names}
    assert {path for path, names in options.items() if "realm" in names} == with_config - WITHOUT


def test_no_command_passes_over_a_realm_that_is_not_there(realms: World) -> None:
    """Each refuses it, with the nearest: nobody is to believe that it was about another bundle."""
    assert realms.run("build", "--out", "built", "-q").code == 0
    taking = [command.path for command in commands() if "realm" in {one.name for one in command.parts.params}]
    for path in taking:
        done = realms.run(*path.split(), *WORDS.get(path, "").split(), "--realm", "stagin")
        said = "error: --realm stagin: trustpack.yaml has no such realm\nhint: did you mean 'staging'?\n"
        assert (path, done.code, done.out, done.err) == (path, UsageError.exit_code, "", said)


def test_a_realm_has_packages_and_a_lock_of_its_own(realms: World) -> None:
    """Beside the organisation's, in the same folder, and neither is taken for the other's."""
    for words, name in ((), "trustpack.lock"), (("--realm", "staging"), "trustpack.staging.lock"):
        assert realms.run("lock", *words).code == 0
        assert (realms.folder / name).exists()
    assert realms.run("build", "-q").code == 0
    refused = realms.run("build", "-q", "--realm", "staging")
    assert "dist: holds the packages of acme" in refused.err
    assert realms.run("build", "-q", "--realm", "staging", "--out", "other").code == 0
    manifest = json.loads((realms.folder / "other" / "manifest.json").read_text())
    assert [entry["name"] for entry in manifest["artifacts"]] == [
        "acme-staging-ca-certs",
        "acme-staging-certifi",
    ]
    assert ["Acme Root 2"] == [item["subject"].removeprefix("CN=") for item in manifest["certificates"]]

    (realms.folder / "trustpack.staging.lock").write_bytes((realms.folder / "trustpack.lock").read_bytes())
    swapped = realms.run("build", "-q", "--realm", "staging", "--out", "other")
    assert "trustpack.staging.lock: is the lock of acme, and this is acme-staging" in swapped.err


def test_without_a_realm_a_command_says_that_there_are_some(realms: World) -> None:
    """Those about a bundle, where one might believe that all of them are meant; on standard error."""
    note = "note: trustpack.yaml has realms: staging; this is acme's own bundle\n"
    for words in ("build", "check", "lint", "plan", "lock --dry-run"):
        assert realms.run(*words.split()).err.startswith(note)
        assert note not in realms.run(*words.split(), "--realm", "staging").err
    assert realms.run("build", "-q", "--out", "quiet").err == ""
    assert "has realms" not in realms.run("check", "roots.pem").err


def test_a_realm_and_an_organisation_without_a_configuration_exclude_each_other(realms: World) -> None:
    """So do a realm, and inputs of which no configuration says anything."""
    for words in ("build roots.pem --org acme", "prove --org acme --out built"):
        realms.run("build", "--out", "built", "-q")
        assert "--org and --realm: give one of them" in realms.run(*words.split(), "--realm", "staging").err
    assert "--realm: says nothing" in realms.run("check", "roots.pem", "--realm", "staging").err
    assert "--realm: says nothing" in realms.run("repo", "push", "to", "--unsigned", "--realm", "staging").err


def test_packages_of_one_name_are_refused(realms: World) -> None:
    """On both sides, with the line that can give another: here a module by the host that both sites have."""
    realms.write("trustpack.yaml", CONFIG.replace("[deb, wheel]", "[go]"))
    for words in ((), ("--realm", "staging")):
        for command in ("build", "lock"):
            done = realms.run(command, *words)
            assert "go: 'packages.acme.example/ca' is what acme" in done.err
            assert done.code != 0
    named = '    names: {go: "packages.acme.example/staging-ca"}\n'
    realms.write("trustpack.yaml", CONFIG.replace("[deb, wheel]", "[go]") + named)
    assert realms.run("lock", "--realm", "staging").code == 0
    realms.write(
        "trustpack.yaml", CONFIG + "    names: {deb: acme-staging-x}\nnames: {deb: acme-staging-x}\n"
    )
    said = "trustpack.yaml:10: deb: 'acme-staging-x' is what acme-staging's are called, too"
    assert said in realms.run("build").err


def test_a_realm_has_a_site_and_keys_of_its_own(realms: World) -> None:
    """Made, added to, checked and verified as an organisation's; the organisation's keys do not sign it."""
    of = ("--realm", "staging")
    for words in (
        ("keys", "new"),
        ("keys", "new", *of),
        ("build", "-q", "--release", "1"),
        ("build", "-q", *of, "--out", "other", "--release", "1"),
        ("repo", "build", "other", *of, "--out", "site"),
        ("build", "-q", *of, "--out", "next", "--release", "2"),
        ("repo", "add", "next", *of, "--out", "site"),
        ("repo", "check", "site", *of),
        ("verify", "site", "--keys", "keys-staging"),
    ):
        done = realms.run(*words)
        assert (words, done.code) == (words, 0), done.err
    site = realms.folder / "site"
    assert (site / "acme-staging.asc").exists()
    assert _versions(site) == ["1", "2"]
    for line in (
        "repo refresh --out site --keys keys",
        "repo push to --site site --keys keys",
    ):
        done = realms.run(*line.split(), *of)
        assert "keys: holds the keys of 'acme', not of 'acme-staging'" in done.err
    assert "is a release of 'acme'" in realms.run("sign", "dist", *of).err
    assert "is signed by none of the keys" in realms.run("repo", "add", "dist", "--out", "site").err


def _versions(site: Path) -> list[str]:
    return sorted(path.name.split("_")[1] for path in site.rglob("acme-staging-ca-certs_*.deb"))
