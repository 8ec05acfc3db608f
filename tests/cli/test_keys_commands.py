"""`trustpack keys` and `trustpack sign`: what people type who sign on a machine of its own."""

from __future__ import annotations

import datetime as dt
import json
import os
import pty
import subprocess
import termios
import time
from typing import TYPE_CHECKING

import pytest

from builder.prove import authority
from tests import site_keys
from tests.cli.conftest import ENVIRONMENT, PROGRAM, World
from tests.tools import require_linux

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "correct horse"  # noqa: S105  of keys that nobody uses
CONFIG = "organisation: {slug: acme}\nbundle: {paths: [roots.pem]}\ntargets: [rpm, pem]\n"


@pytest.fixture
def project(world: World) -> World:
    """Return a project without keys."""
    world.write("trustpack.yaml", CONFIG)
    return world


@pytest.fixture
def keyed(project: World) -> World:
    """Return a project with throw-away keys."""
    site_keys.folder(project.folder / "keys")
    return project


def entered(world: World, words: list[str], *answers: str) -> tuple[int, str]:
    """Run trustpack at a terminal and enter answers to its questions; return its status and what it said."""
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [PROGRAM, *words],
        cwd=world.folder,
        env=ENVIRONMENT,
        stdin=follower,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as child:
        os.close(follower)
        assert child.stdout
        said = ""
        for answer in answers:
            while not said.rstrip(" ").endswith(":"):
                said += os.read(child.stdout.fileno(), 4096).decode()
            # What is typed before the terminal hides it is thrown away.
            while termios.tcgetattr(leader)[3] & termios.ECHO:
                time.sleep(0.02)
            os.write(leader, f"{answer}\n".encode())
            said += "|"
        said += child.stdout.read().decode()
        code = child.wait(60)
    os.close(leader)
    return code, said


def test_keys_are_made_without_a_question_and_shown(project: World) -> None:
    """Real ones, of 4096 bits; a second time nothing is made."""
    done = project.run("keys", "new")
    assert (done.code, done.out.splitlines()[0]) == (
        0,
        "keys: keys of acme, Acme packages <pki@acme.example>",
    )
    assert "move 2-openpgp.pem, 2-apk.pem, 2-statement.pem to another place" in done.err
    assert done.out == project.run("keys", "show").out
    again = project.run("keys", "new")
    assert (again.code, again.err.splitlines()[0]) == (12, "error: keys: is there already")
    bits = "openssl rsa -in keys/1-openpgp.pem -noout -text | head -1"
    done_text = subprocess.run(["sh", "-c", bits], cwd=project.folder, capture_output=True, check=True).stdout
    assert b"4096 bit" in done_text


def test_git_takes_no_key(keyed: World) -> None:
    """Whatever is added."""
    for words in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run(["git", *words], cwd=keyed.folder, check=True)
    listed = subprocess.run(["git", "ls-files"], cwd=keyed.folder, check=True, capture_output=True, text=True)
    assert listed.stdout.split() == ["roots.pem", "trustpack.yaml"]


def test_a_rotation_by_its_steps(keyed: World) -> None:
    """The commands of the guide, as JSON."""
    for words, states in (
        (["rotate"], ["retiring", "current", "next"]),
        (["rotate", "--finish"], ["retired", "current", "next"]),
        (["rotate", "--replace-next"], ["retired", "current", "withdrawn", "next"]),
        (["rotate", "--stolen"], ["retired", "withdrawn", "withdrawn", "current", "next"]),
        (["rotate", "--lost"], ["retired", "withdrawn", "withdrawn", "retired", "current", "next"]),
    ):
        done = keyed.run("keys", *words, "--json")
        assert done.code == 0, done.err
        assert [one["state"] for one in json.loads(done.out)["generations"]] == states


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("keys rotate --finish --lost", 2, "--finish and --lost: give one of them"),
        ("keys rotate --finish", 12, "keys: no rotation is under way"),
        ("keys rotate --finish --keys none", 12, "none: there are no keys"),
        ("keys show --keys none", 12, "none: there are no keys"),
        ("keys new --keys more --encrypt", 2, "--encrypt: there is no terminal"),
        ("keys new --keys more --gpg 0123", 12, "gpg: a key is named by its whole fingerprint"),
        ("keys new --keys more --public roots.pem", 12, "roots.pem: there is no program that signs"),
        ("keys new --keys more --password-file trustpack.yaml", 12, "trustpack.yaml: others may read it"),
        ("sign keys", 2, "keys: holds neither a release nor a site"),
        ("sign dist", 2, "dist: holds neither a release nor a site"),
        ("sign dist --stolen", 2, "--stolen: dist holds no site"),
    ],
)
def test_what_cannot_be_is_told(keyed: World, words: str, code: int, said: str) -> None:
    """With the way out, and nothing is made."""
    before = keyed.files("keys")
    done = keyed.run(*words.split())
    assert (done.code, said in done.err, "hint: " in done.err or code == 2) == (code, True, True), done.err
    assert (before, []) == (keyed.files("keys"), keyed.files("more"))


def test_a_machine_that_only_signs_needs_no_configuration(keyed: World) -> None:
    """The release and the folder of keys are enough; another one's keys are refused."""
    assert keyed.run("build", "--quiet").code == 0
    (keyed.folder / "trustpack.yaml").unlink()
    done = keyed.run("sign", "dist", "--keys", "keys", "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert [one["file"].rpartition(".")[2] for one in found["signed"]] == ["rpm"]
    assert [name.rpartition(".")[2] for name in found["left"]] == ["pem"]
    site_keys.folder(keyed.folder / "others", slug="other")
    done = keyed.run("sign", "dist", "--keys", "others")
    assert (done.code, "the keys are those of 'other'" in done.err) == (12, True)


def test_stolen_keys_are_believed_where_there_are_any_and_once(keyed: World) -> None:
    """Before they are told to be stolen it is an error; a site that was signed since is told."""
    words = ("repo", "build", "--url", "https://packages.acme.example")
    assert keyed.run("build", "--quiet").code == 0
    assert keyed.run(*words).code == 0
    done = keyed.run("sign", "site", "--stolen")
    assert (done.code, "--stolen: none of the keys in keys are told to be stolen" in done.err) == (2, True)
    assert keyed.run("keys", "rotate", "--stolen").code == 0
    assert keyed.run("sign", "site").code == 12
    done = keyed.run("sign", "site", "--stolen")
    assert (done.code, "note:" in done.err) == (0, False)
    done = keyed.run("sign", "site", "--stolen")
    said = "note: site: is not signed by stolen keys: --stolen changes nothing\n"
    assert (done.code, said in done.err) == (0, True)
    (keyed.folder / "site").rename(keyed.folder / "other")
    assert keyed.run(*words, "--unsigned").code == 0
    done = keyed.run("sign", "site", "--stolen")
    assert (done.code, "is not signed by stolen keys" in done.err) == (0, True)


def test_keys_inside_of_what_is_published_are_refused(keyed: World) -> None:
    """They would be published, too."""
    assert keyed.run("build", "--quiet").code == 0
    (keyed.folder / "keys").rename(keyed.folder / "dist" / "keys")
    done = keyed.run("sign", "dist", "--keys", "dist/keys")
    assert (done.code, "dist/keys: lies in dist, which is published" in done.err) == (12, True)
    (keyed.folder / "dist" / "keys").rename(keyed.folder / "keys")
    words = ("--out", ".", "--url", "https://packages.acme.example")
    done = keyed.run("repo", "build", *words)
    assert (done.code, "keys: lies in ., which is published" in done.err) == (12, True)


def test_a_password_comes_from_a_file(project: World) -> None:
    """Without it nothing is signed."""
    password = project.write("password", f"{PASSWORD}\n")
    password.chmod(0o600)
    assert project.run("keys", "new", "--password-file", "password").code == 0
    assert project.run("build", "--quiet").code == 0
    done = project.run("sign", "dist")
    assert (done.code, "is encrypted, and no password was given" in done.err) == (12, True)
    assert project.run("sign", "dist", "--password-file", "password").code == 0
    assert project.run("keys", "check", "--password-file", "password").code == 0
    assert project.run("keys", "rotate", "--password-file", "password").code == 0
    for path in (project.folder / "keys").glob("*.pem"):
        assert path.read_text().startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----")


def test_a_password_is_entered_once(project: World) -> None:
    """Twice where it is chosen; and it is not shown."""
    code, said = entered(project, ["keys", "new", "--encrypt"], PASSWORD, PASSWORD)
    assert (code, said.startswith("Password of the new keys:")) == (0, True), said
    assert project.run("build", "--quiet").code == 0
    code, said = entered(project, ["sign", "dist"], PASSWORD)
    assert (code, said.count("Password of")) == (0, 1), said
    assert PASSWORD not in said
    code, said = entered(project, ["sign", "dist"], "wrong")
    assert (code, "its password is wrong" in said) == (12, True), said


def test_no_child_is_told_the_password(project: World) -> None:
    """Neither among its words nor in its environment: a program of ours writes both down."""
    require_linux()
    site_keys.folder(project.folder / "keys", password=PASSWORD)
    password = project.write("password", f"{PASSWORD}\n")
    password.chmod(0o600)
    log = project.folder / "log"
    signer = project.write("signer", f'#!/bin/sh\n{{ echo "$@"; cat /proc/$$/environ; }} >>{log}\nexit 1\n')
    signer.chmod(0o755)
    project.write("trustpack.yaml", f"{CONFIG}repository: {{signer: [{signer}]}}\n")
    spoiled = json.loads((project.folder / "keys" / "keys.json").read_text())
    spoiled["generations"][0] |= {"apk": "program", "label": "site"}
    (project.folder / "keys" / "keys.json").write_text(json.dumps(spoiled))
    assert project.run("keys", "check", "--password-file", "password").code == 12
    assert log.read_text()
    assert PASSWORD not in log.read_text()


def private_paths(folder: Path) -> list[Path]:
    """Return every file below a folder that has a private key in PEM."""
    return [path for path in folder.rglob("*") if path.is_file() and b"PRIVATE KEY" in path.read_bytes()]


def test_private_keys_are_written_nowhere_else(keyed: World) -> None:
    """Not into the release, and not into a temporary file that stays."""
    assert keyed.run("build", "--quiet").code == 0
    folder = keyed.folder / "tmp"
    folder.mkdir()
    assert keyed.run("sign", "dist", env={"TMPDIR": str(folder)}).code == 0
    assert {keyed.folder / "keys"} == {path.parent for path in private_paths(keyed.folder)}
    assert [] == list(folder.iterdir())


def test_a_profile_is_signed_by_a_certificate_of_its_own(keyed: World) -> None:
    """Both files are given, or none; the release is what was built, and inspect tells of the signature."""
    now = dt.datetime.now(dt.UTC)
    leaf = authority.issue(authority.create("Acme MDM", now=now), ["mdm.acme.example"], now=now)
    (keyed.folder / "chain.pem").write_bytes(leaf.chain)
    (keyed.folder / "key.pem").touch(0o600)
    (keyed.folder / "key.pem").write_bytes(leaf.key)
    built = keyed.run("build", "--target", "mobileconfig", "--release", "1", "--quiet")
    assert (built.code, built.err) == (0, "")
    done = keyed.run("sign", "dist", "--profile-cert", "chain.pem")
    assert done.code == 2
    assert "--profile-cert and --profile-key: give both of them, or none" in done.err
    done = keyed.run("sign", "dist", "--profile-cert", "chain.pem", "--profile-key", "key.pem")
    assert (done.code, done.err) == (0, "")
    assert done.out == "internal.acme.ca-1.mobileconfig: signed, verified by openssl\n"
    assert keyed.run("verify", "dist", "--unsigned").code == 0
    said = json.loads(keyed.run("inspect", "dist", "--json").out)["packages"][0]
    assert said["metadata"]["Signature"] == "CMS"
