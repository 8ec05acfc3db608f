"""The jar's own command: what is in it, and whether this JVM trusts that."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import msgspec
import pytest

from builder.render.inventory import Inventory
from builder.render.schema import DoctorJson
from tests.packages.built import fingerprints
from tests.tools import require

if TYPE_CHECKING:
    from pathlib import Path

    from builder.prove.authority import Authority
    from tests.runtime.java.conftest import Machine


def test_it_lists_the_cas(machine: Machine, jar: Path, acme: Authority) -> None:
    """In a line each, as JSON, and as PEM."""
    [sha256] = fingerprints(acme.pem)
    line = machine.run("-jar", jar, "list").stdout
    assert line.startswith("CN=Acme Root CA, valid until ")
    assert line.rstrip().endswith(f"SHA-256 {sha256}")
    listed = msgspec.json.decode(machine.run("-jar", jar, "list", "--json").stdout, type=Inventory)
    assert [one.sha256 for one in listed.certificates] == [sha256]
    assert fingerprints(machine.run("-jar", jar, "pem").stdout.encode()) == {sha256}


def test_doctor_says_why_and_ends_so(machine: Machine, jar: Path, agent: str) -> None:
    """0 where the CAs are trusted, 1 where not; as JSON in the form that all packages' doctors have."""
    active = machine.run(agent, "-jar", jar, "doctor", "--format", "json")
    assert active.returncode == 0
    found = msgspec.json.decode(active.stdout, type=DoctorJson)
    assert (found.active, found.through, found.problems) == (True, ["-javaagent"], [])
    idle = machine.run("-jar", jar, "doctor")
    assert idle.returncode == 1
    assert "active: no" in idle.stdout
    assert f"-javaagent:{jar}" in idle.stdout


def test_doctor_names_what_stands_in_the_way(machine: Machine, jar: Path, agent: str) -> None:
    """The switch, and a trust store that somebody has named."""
    off = machine.run(agent, "-jar", jar, "doctor", ACME_CA_DISABLE="1")
    assert off.returncode == 1
    assert "problem: ACME_CA_DISABLE or -Dacme.ca.disable switches this jar off" in off.stdout
    named = machine.run(agent, "-Djavax.net.ssl.trustStoreType=JKS", "-jar", jar, "doctor")
    assert named.returncode == 1
    assert "problem: -Djavax.net.ssl.trustStoreType names another trust store" in named.stdout


@pytest.mark.parametrize("name", ["it's a folder", "o'brien", 'a "quote"', "bo'th \"of them"])
def test_env_makes_every_jvm_trust(machine: Machine, jar: Path, name: str) -> None:
    """What it prints is a shell's line, which makes doctor content; a blank or a quote is no matter."""
    folder = machine.folder / name
    folder.mkdir(exist_ok=True)
    copy = folder / "acme-ca.jar"
    copy.write_bytes(jar.read_bytes())
    printed = machine.run("-jar", copy, "env").stdout
    script = f'{printed}exec "$0" -jar "$1" doctor'
    shell = [require("sh"), "-c", script, require("java"), str(copy)]
    done = subprocess.run(shell, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "JAVA_TOOL_OPTIONS=" in done.stdout
    assert "starts this agent" in done.stdout
    assert "javaagent" in json.loads(machine.run("-jar", copy, "env", "--json").stdout)["JAVA_TOOL_OPTIONS"]


def test_env_gives_nothing_that_would_stop_every_jvm(machine: Machine, jar: Path) -> None:
    """A path with an equals sign is one that no JVM finds an agent by."""
    folder = machine.folder / "a=b"
    folder.mkdir(exist_ok=True)
    copy = folder / "acme-ca.jar"
    copy.write_bytes(jar.read_bytes())
    for words in ((), ("--json",)):
        done = machine.run("-jar", copy, "env", *words)
        assert (done.returncode, done.stdout) == (1, "")
        assert "put the jar elsewhere" in done.stderr


def test_other_words_are_told_what_there_is(machine: Machine, jar: Path) -> None:
    """With the status that commands have for it."""
    done = machine.run("-jar", jar, "nonsense")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("nonsense: no such command\nusage: java -jar ")
    assert machine.run("-jar", jar, "--version").stdout.startswith("1.")


@pytest.mark.parametrize("words", [("doctor", "--josn"), ("list", "--format=xml"), ("env", "more")])
def test_an_option_that_is_none_is_no_report(machine: Machine, jar: Path, words: tuple[str, str]) -> None:
    """A program that mistypes --json is told so, and gets no text to read as JSON."""
    done = machine.run("-jar", jar, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"{words[1]}: no such option\nusage: java -jar ")
