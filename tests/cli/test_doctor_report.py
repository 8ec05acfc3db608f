"""`trustpack doctor report`: its exit status, what it writes, and that a hostile report ends only itself."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import ENVIRONMENT, PROGRAM
from tests.host_documents import GONE, NEW, NOW, OLD, document, row, text

if TYPE_CHECKING:
    from tests.cli.conftest import Ran, World

GOOD, LACKING = document("web-1"), document("web-2", row({OLD: "valid", NEW: "missing", GONE: "missing"}))


def _report(world: World, *arguments: str) -> Ran:
    return world.run("doctor", "report", *arguments, "--now", NOW)


@pytest.mark.parametrize(
    ("content", "options", "code"),
    [
        (text(GOOD), "", 0),
        (text(GOOD, LACKING), "", 1),
        (text(GOOD) + "{broken}\n", "", 3),
        ("{broken}\n", "", 3),
        (text(GOOD), "--inventory all", 1),
        (text(GOOD), "--max-age soon", 2),
        (text(GOOD), "--at-least most", 2),
        (text(GOOD), "--org other", 2),
        (text(GOOD), "--org=", 2),
        (text(GOOD), "--lock nothing.lock", 2),
        (text(GOOD), "--csv - --html -", 2),
        (text(GOOD), "--csv - --json", 2),
        (text(GOOD), "--csv same --html ./same", 2),
        ("", "", 3),
        ("\n", "", 2),
    ],
)
def test_the_status_says_what_is_to_be_done(world: World, content: str, options: str, code: int) -> None:
    """Nothing, something, other words on the command line, or another report."""
    world.write("hosts.jsonl", content)
    world.write("all", "web-1\nweb-9\n")
    assert _report(world, "hosts.jsonl", *options.split()).code == code


def test_a_hostile_report_ends_only_itself(world: World) -> None:
    """Gigabytes, deep nesting, a pipe and a device are told with their names; the others are reported."""
    world.write("hosts/good.json", json.dumps(GOOD, indent=2))
    world.write("hosts/deep.json", '{"rows": ' + "[" * 1_000_000)
    world.write("hosts/twice.json", json.dumps(GOOD).replace('"complete"', '"complete": false, "complete"'))
    os.mkfifo(world.folder / "hosts/pipe.json")
    (world.folder / "hosts/endless.json").symlink_to("/dev/zero")
    with (world.folder / "hosts/large.json").open("wb") as stream:
        stream.truncate(1 << 40)  # which takes no room on the disk
    done = _report(world, "hosts", "--json")
    found = json.loads(done.out)
    assert done.code == 3
    assert found["counts"]["hosts"] == 1
    said = {one["message"].split(":")[0]: one["message"] for one in found["unreadable"]}
    assert sorted(said) == [f"hosts/{name}.json" for name in ("deep", "endless", "large", "pipe", "twice")]
    assert all(one["hint"] for one in found["unreadable"])
    assert len(done.err.splitlines()) == 5


def test_every_form_is_written(world: World) -> None:
    """To files, and one of them to standard output; from standard input, too."""
    world.write("hosts.jsonl", text(GOOD, LACKING))
    done = _report(world, "hosts.jsonl", "--html", "h.html", "--csv", "h.csv", "--openmetrics", "-")
    assert (done.code, done.out.endswith("# EOF\n")) == (1, True)
    page = (world.folder / "h.html").read_text()
    assert page.startswith("<!DOCTYPE html>")
    assert "nobody misses a host that is silent" in page
    assert len((world.folder / "h.csv").read_text().splitlines()) == 7
    piped = subprocess.run(
        [PROGRAM, "doctor", "report", "-", "--now", NOW],
        input=text(GOOD), env=ENVIRONMENT, cwd=world.folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "CN=Acme Root R2" in piped.stdout


def test_one_host_of_thousands_is_not_nothing(world: World) -> None:
    """That it trusts a withdrawn CA is told by its number: a percentage would say 0."""
    states = {OLD: "valid", NEW: "valid", GONE: "valid"}
    world.write("hosts.jsonl", text(*map(document, map(str, range(1_999))), document("last", row(states))))
    done = _report(world, "hosts.jsonl")
    assert (done.code, "still trusted on 1 of 2,000 hosts" in done.out) == (1, True)


def test_a_name_that_several_machines_have_is_told(world: World) -> None:
    """In each form that tells of hosts; they are not said to be missing in the inventory."""
    world.write("hosts.jsonl", text(*(document("web-1", host={"machine": f"{at:032x}"}) for at in (1, 2))))
    world.write("all", "web-1\n")
    done = _report(world, "hosts.jsonl", "--inventory", "all", "--html", "h.html")
    said = "web-1: 2 machines report under this name of the inventory, and count as one host"
    assert (done.code, said in done.out, "inventory lacks" in done.out) == (1, True, False)
    assert said in (world.folder / "h.html").read_text()
    found = json.loads(_report(world, "hosts.jsonl", "--inventory", "all", "--json").out)
    assert (found["alike"], found["counts"]["hosts"]) == ([{"name": "web-1", "machines": 2}], 1)


def test_redacted_forms_name_no_user(world: World) -> None:
    """Whatever the form."""
    states = {OLD: "valid", NEW: "missing", GONE: "distrusted"}
    rows = row(states, where="/Users/mallory/cacert.pem", user="mallory", mend="chown mallory x")
    world.write("hosts.jsonl", text(document("web-1", rows, host={"user": "mallory"})))
    for options in ("", "--json", "--csv -", "--html -", "--openmetrics -"):
        assert "mallory" not in _report(world, "hosts.jsonl", "--redact", *options.split()).out
    assert "mallory" in _report(world, "hosts.jsonl").out


def test_the_lock_names_organisation_and_cas(world: World) -> None:
    """What a report says of CAs that the lock does not list is of withdrawn ones."""
    world.write("trustpack.yaml", "organisation: {slug: acme}\nbundle: {paths: [roots.pem]}\n")
    assert world.run("lock").code == 0
    world.write("hosts.jsonl", text(GOOD, document("x", organisation="other")))
    found = json.loads(_report(world, "hosts.jsonl", "--lock", "trustpack.lock", "--json").out)
    assert (found["organisation"], found["others"]) == ("acme", 1)
    assert [one["state"] for one in found["authorities"]] == ["active", *["withdrawn"] * 3]
    assert _report(world, "hosts.jsonl", "--lock", "trustpack.lock", "--org", "other").code == 2
