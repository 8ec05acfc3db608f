"""One way to ask for JSON, whatever the command, and errors are JSON then, too."""

import json
from typing import Any

import pytest

from tests.cli.conftest import World
from tests.cli.test_printed_json import CASES, faults
from tests.commands import commands

# What is wrong on each command line: where, line, message, exit status, and a word of the hint.
ERRORS = {
    "build nothing.pem --org acme --json": (
        "nothing.pem", 0, "there is no such file or folder [unreadable]", 4, "path",
    ),
    "lint roots.pem --format json --fro java17": ("--fro", 0, "there is no such option", 2, "--for"),
    "lint --format=sarif --for python2.7 roots.pem": (
        "--for python2.7", 0, "is not a runtime that was measured", 2, "one of",
    ),
    "check --json --within soon": ("--within 'soon'", 0, "is not a number of days", 2, "90d"),
    "build --json --config wrong.yaml": ("wrong.yaml", 2, "unknown key 'bundel'", 3, "bundle"),
    "explain nothing --json": ("nothing", 0, "there is no such rule", 2, ""),
    "diff roots.pem --json": ("NEW", 0, "is missing", 2, "--help"),
    "recipes show debian --json": ("target 'debian'", 0, "there is no such recipe", 2, "deb"),
}  # fmt: skip


@pytest.mark.parametrize(
    "command", ["explain", "docs", "recipes list", "recipes show pem", "check roots.pem"]
)
def test_json_is_short_for_format_json(world: World, command: str) -> None:
    """Both print the same, and both together do."""
    words = [*command.split(), *(["--now", "2026-11-24"] if "check" in command else [])]
    outputs = {
        world.run(*words, *options).out
        for options in (("--json",), ("--format", "json"), ("--format=json", "--json"))
    }
    assert [next(iter(json.loads(text))) for text in outputs] == ["schema"]
    assert world.run(*words, "--format", "text").out == world.run(*words).out


@pytest.mark.parametrize("command", [command.path for command in commands() if command.path != "schema"])
def test_text_and_json_at_once_is_an_error(world: World, command: str) -> None:
    """It is told before anything is done, and as JSON, since that was asked for."""
    needed = {
        "diff": "a b",
        "doctor report": "hosts.json",
        "inspect": "x",
        "init": "roots.pem --org acme",
        "sign": "dist",
        "publish": "--to npm",
        "batch build": "orgs",
        "batch check": "orgs",
        "batch plan": "orgs",
        "batch repo": "orgs --keys keys",
        "batch verify": "dist --unsigned",
        "repo retire": "2026.10 --reason why",
        "repo rehost": "--url https://packages.acme.example",
        "repo push": "www",
        "repo fetch": "www",
        "repo export": "site.tar",
    }
    words = f"{command} {needed.get(command, 'deb' if 'recipes ' in command else '')}".split()
    if command == "recipes list":
        words.pop()
    done = world.run(*words, "--format", "text", "--json")
    assert (done.code, done.out) == (2, "")
    assert json.loads(done.err)["error"]["where"] == "--json and --format text"


@pytest.mark.parametrize("line", ERRORS)
def test_an_error_is_json_where_json_was_asked_for(world: World, line: str) -> None:
    """One of the command line, too; nothing goes to standard output."""
    world.write("wrong.yaml", "organisation: {slug: acme}\nbundel: {paths: [roots.pem]}\n")
    done = world.run(*line.split())
    found = json.loads(done.err)
    assert faults("error", done.err) == []
    where, number, message, code, hint = ERRORS[line]
    error = found["error"]
    assert (error["where"], error["line"], error["message"]) == (where, number, message)
    assert (done.code, error["exit_code"], done.out, hint in error["hint"]) == (code, code, "", True)


def test_several_faults_are_told_one_by_one(world: World) -> None:
    """Each with its line and its own hint."""
    world.write(
        "trustpack.yaml", "organisation: {slug: acme}\nbundel: {paths: [roots.pem]}\ntargtes: [deb]\n"
    )
    done = world.run("build", "--json")
    error = json.loads(done.err)["error"]
    assert (error["where"], error["message"], faults("error", done.err)) == (
        "trustpack.yaml", "has 2 errors", [],
    )  # fmt: skip
    assert [(one["line"], one["message"], one["hint"]) for one in error["errors"]] == [
        (2, "unknown key 'bundel'", "did you mean 'bundle'?"),
        (3, "unknown key 'targtes'", "did you mean 'targets'?"),
    ]


def test_an_error_is_text_where_json_was_not_asked_for(world: World) -> None:
    """After -- it is no option, but a file's name."""
    assert world.build("--", "--json").err.startswith("error: --json: ")


def test_what_a_command_says_beside_its_result_is_json_too(world: World) -> None:
    """A note, a warning and progress are a line each, and only the result goes to standard output."""
    world.write("trustpack.yaml", "organisation: {slug: other}\nbundle: {paths: [roots.pem]}\n")
    build = world.build("--json")
    prove = world.run(
        "prove", "--org", "acme", "--offline", "--json", "--target", "pem,wheel", "--client", "urllib"
    )
    said = [*map(json.loads, build.err.splitlines()), *map(json.loads, prove.err.splitlines())]
    assert all(faults("message" if "message" in one else "error", json.dumps(one)) == [] for one in said)
    levels = {one["message"]["level"] for one in said if "message" in one}
    assert {"note"} <= levels <= {"note", "progress"}
    assert json.loads(build.out)["schema"] == 1


def _keys(value: Any) -> set[str]:
    """Return every key of an object in a schema."""
    if isinstance(value, dict):
        own = set(value.get("properties", ())) if isinstance(value.get("properties"), dict) else set()
        return own.union(*map(_keys, value.values()))
    return set().union(*map(_keys, value)) if isinstance(value, list) else set()


@pytest.mark.parametrize(
    "document", [*CASES, "certificates", "doctor", "error", "message", "configuration", "recipe"]
)
def test_every_key_is_in_snake_case(world: World, document: str) -> None:
    """In what is printed, in what packages hold, and in what people write."""
    found = json.loads(world.run("schema", document).out)
    assert [key for key in _keys(found) if not key.replace("_", "").isalnum() or key != key.lower()] == []
