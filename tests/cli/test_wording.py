"""What the newcomer stumbled on stays said in another way."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from builder.text.quoting import visible
from tests.cli.conftest import World

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = "organisation: {slug: acme}\nbundle: {paths: [roots.pem, another.pem]}\ntargets: [deb]\n"
ONE = "organisation: {slug: acme}\nbundle: {paths: [roots.pem]}\n"


@pytest.fixture
def two(world: World, another: bytes) -> World:
    """Return a project of two CAs."""
    (world.folder / "another.pem").write_bytes(another)
    world.write("trustpack.yaml", CONFIG)
    return world


def _fingerprint(world: World, file: str) -> str:
    return str(json.loads(world.run("lint", file, "--json").out)["certificates"][0]["sha256"])


@pytest.mark.parametrize(
    "options",
    [
        ("--target", "deb,pem"),
        ("--target=pem,deb",),
        ("--target", "deb", "--target", "pem"),
        ("--target", "deb, pem", "--target", "deb"),
    ],
)
def test_a_list_is_given_with_commas_or_by_repetition(world: World, options: tuple[str, ...]) -> None:
    """Or both; what is named twice counts once."""
    done = world.run("build", "roots.pem", "--org", "acme", "--json", *options)
    assert [one["target"] for one in json.loads(done.out)["artifacts"]] == ["deb", "pem"]


def test_runtimes_and_rules_are_lists_too(world: World) -> None:
    """In the order in which they are named."""
    done = world.run("lint", "roots.pem", "--json", "--for", "java17,go1.26", "--for", "curl")
    assert list(json.loads(done.out)["certificates"][0]["runtimes"]) == ["java17", "go1.26", "curl"]
    explained = json.loads(world.run("explain", "expired", "leaf", "--json").out)["rules"]
    assert [one["rule"] for one in explained] == ["expired", "leaf"]


@pytest.mark.parametrize("value", ["", ",", "deb,", ",deb"])
def test_an_empty_item_of_a_list_is_a_mistake(world: World, value: str) -> None:
    """A variable of the shell that is not set would otherwise build everything."""
    done = world.run("build", "roots.pem", "--org", "acme", "--target", value)
    assert (done.code, done.err.splitlines()[0]) == (
        2, "error: --target: has an empty item: is a variable of the shell not set?",
    )  # fmt: skip


def test_what_a_command_shows_of_a_ca_can_be_pasted(two: World) -> None:
    """lock, plan, diff, check and inspect show the 64 digits that trustpack.yaml takes."""
    wanted = {_fingerprint(two, "roots.pem"), _fingerprint(two, "another.pem")}
    assert two.run("build", "-q").code == 0
    for words in (
        ("plan",), ("lock",), ("diff", "another.pem", "roots.pem"), ("check", "--within", "9999d"),
        ("inspect", "dist"),
    ):  # fmt: skip
        shown = two.run(*words).out
        assert set(re.findall(r"\b[0-9a-f]{64}\b", shown)) >= wanted or "the same" in shown, words
        assert re.findall(r"\b[0-9a-f]{16}\b", shown) == [], words


def test_a_distrusted_ca_does_not_come_with_a_plus(two: World) -> None:
    """In the lock's change and in the plan it has the sign that diff gives it."""
    one = _fingerprint(two, "another.pem")
    two.write("trustpack.yaml", f"{CONFIG}lifecycle: {{authorities: {{{one}: {{state: distrusted}}}}}}\n")
    for words in ("plan", "lock"):
        signs = {line[0] for line in two.run(words).out.splitlines() if one in line and line[0] in "+-!?~"}
        assert signs == {"!"}, words
    two.write("trustpack.yaml", CONFIG)
    assert next(line[0] for line in two.run("plan").out.splitlines() if one in line) == "?"


def test_a_script_that_runs_at_several_moments_is_shown_once(world: World) -> None:
    """Below all its names; JSON has it by each."""
    assert world.run("build", "roots.pem", "--org", "acme", "--target", "deb", "-q").code == 0
    shown = world.run("inspect", "dist").out
    assert shown.count("#!/bin/sh") == 1
    assert "\npostinst, prerm, postrm:\n" in shown
    (package,) = json.loads(world.run("inspect", "dist", "--json").out)["packages"]
    assert list(package["scripts"]) == ["postinst", "prerm", "postrm"]


def test_org_beside_a_lock_says_that_it_is_not_used(two: World) -> None:
    """The configuration and the lock are named."""
    assert two.run("lock").code == 0
    note = "note: trustpack.yaml and trustpack.lock are not used, because --org is given\n"
    assert two.build().err.startswith(note)
    (two.folder / "trustpack.yaml").unlink()
    assert two.build("--out", "other").err.startswith(
        "note: trustpack.lock is not used, because --org is given\n"
    )


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("build",), CONFIG.replace("deb", r'"de\nb"')),
        (("build", "--target", "de\nb"), CONFIG),
        (("build", "--release", "1\n2"), CONFIG),
        (("explain", "a\nb"), CONFIG),
        (("docs", "a\nb"), CONFIG),
        (("schema", "a\nb"), CONFIG),
        (("recipes", "show", "a\nb"), CONFIG),
        (("lint", "--for", "a\nb"), CONFIG),
        (("check", "--within", "a\nb"), CONFIG),
        (("nosuch\nb",), CONFIG),
    ],
)
def test_a_line_break_that_was_typed_breaks_no_line(two: World, words: tuple[str, ...], text: str) -> None:
    """It is shown as an escape: an error is a line, and a hint another."""
    two.write("trustpack.yaml", text)
    done = two.run(*words)
    assert done.code in {2, 3, 6}
    assert [line.split(": ")[0] for line in done.err.splitlines()] in (["error", "hint"], ["error"])
    assert visible("\n") in done.err or r"\nb" in done.err


def test_an_output_folder_that_is_a_link_to_nowhere_is_named(world: World) -> None:
    """Not by what the system calls it: file exists."""
    (world.folder / "dist").symlink_to("nowhere")
    assert world.build().err.splitlines() == [
        "error: --out dist: is a link that leads nowhere", "hint: remove it, or make that folder",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("lint", "--format", "jsn"), "error: --format 'jsn': is not one of text, json, sarif"),
        (("lint", "--expired", "what"), "error: --expired 'what': is not one of refuse, drop, keep"),
        (("lint", "--fro", "java17"), "error: --fro: there is no such option"),
        (("diff", "a", "b", "c"), "error: c: is more than 'trustpack diff' takes"),
        (("inspect",), "error: PATHS: is missing"),
        (("check", "--within"), "error: --within: needs a value"),
        (("lint", "--json=yes"), "error: --json: takes no value"),
        (("recipes", "lst"), "error: lst: there is no such command"),
        (("build", "--config", ""), "error: --config: is empty: is a variable of the shell not set?"),
        (("schema", "lint", "--recipe"), "error: --recipe and lint: give one of them"),
    ],
)
def test_the_command_line_is_corrected_in_our_own_words(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    """One line that names the option, and a hint that knows the way out."""
    done = World(tmp_path).run(*words)
    assert (done.code, done.err.splitlines()[0]) == (2, said)


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    "key",
    [
        "release: {}",
        "targets: [{}]",
        "settings: {{wheel: {{activation: {}}}}}",
        "settings: {{{}: {{a: b}}}}",
        "{}: x",
    ],
)
def test_a_secret_address_in_a_wrong_place_is_not_told(world: World, key: str, form: str) -> None:
    """A message says what is wrong there, and not the address's user."""
    url = '"https://user:s3cret@ca.example/x"'
    world.write("trustpack.yaml", f"{ONE}{key.format(url)}\n")
    said = world.run("build", "--format", form)
    assert said.code != 0
    assert "https://ca.example/x" in said.err
    assert "s3cret" not in said.out + said.err


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("option", ["--config", "--expired", "--now", "--release"])
def test_a_secret_address_after_a_wrong_option_is_not_told(world: World, option: str, form: str) -> None:
    """Nor is one that was taken for an option's value."""
    world.write("trustpack.yaml", ONE)
    said = world.run("build", option, "https://user:s3cret@ca.example/x", "--format", form)
    assert said.code != 0
    assert "ca.example/x" in said.err
    assert "s3cret" not in said.out + said.err


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("--format", "text"), "'trustpack --help' lists what it takes"),
        (("build", "--nosuch"), "'trustpack build --help' lists what it takes"),
        (("lint", "--fro", "java17"), "did you mean '--for'?"),
        (("lint", "--passwordfile", "x"), "did you mean '--password-file'?"),
        (("check", "roots.pem", "--within"), "'trustpack check --help' lists what it takes"),
    ],
)
def test_a_hint_names_an_option_that_is_like_it_or_the_help_of_the_command(
    tmp_path: Path, words: tuple[str, ...], hint: str
) -> None:
    """The dashes, which are alike in all options, make none like another."""
    assert World(tmp_path).run(*words).err.splitlines()[1] == f"hint: {hint}"
