"""Settings that name roots, where the doctor must not pass any over."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.doctor.machine import Machine, here, state
from tests.tools import require

if TYPE_CHECKING:
    from pathlib import Path

    from builder.prove.authority import Authority

_OFF = "switches verification off: anybody is trusted"


def test_each_variable_of_a_unit_counts(tmp_path: Path, acme: Authority) -> None:
    """Several in one line, quoted or not, and those of a file that the unit names."""
    units = tmp_path / "etc/systemd/system"
    units.mkdir(parents=True)
    (tmp_path / "etc/app").mkdir()
    (tmp_path / "ours.pem").write_bytes(acme.pem)
    (tmp_path / "etc/app/env").write_text("# SSL_CERT_DIR=/gone\nAWS_CA_BUNDLE=/gone\n")
    (units / "a.service").write_text(
        '[Service]\nEnvironment="A=b c" "REQUESTS_CA_BUNDLE=/gone" SSL_CERT_FILE=/ours.pem\n'
        "EnvironmentFile=-/etc/app/env\nExecStart=/x SSL_CERT_DIR=/gone\n"
    )
    found = {row["what"]: row["problem"] or state(row) for row in Machine(str(tmp_path)).rows("unit", acme)}
    assert found == {
        "REQUESTS_CA_BUNDLE": "names a path where nothing is: /gone",
        "AWS_CA_BUNDLE": "names a path where nothing is: /gone",
        "SSL_CERT_FILE": "valid",
    }


def _git(home: Path, *words: str) -> str:
    """Run git as the owner of a home, whose repository is `code`, and return what it prints."""
    done = subprocess.run(
        [require("git"), *words],
        cwd=home / "code",
        env={"HOME": str(home), "PATH": "/usr/bin:/bin", "GIT_CONFIG_NOSYSTEM": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Make a home with a repository in it."""
    (tmp_path / "ann/code").mkdir(parents=True)
    _git(tmp_path / "ann", "init", "--quiet")
    return tmp_path / "ann"


def test_what_git_includes_counts_in_its_order(home: Path, acme: Authority, other: Authority) -> None:
    """By git's own word: relative, from ~, in a chain, quoted, and what comes later wins."""
    for name, ca in (("ours", acme), ("theirs", other)):
        (home / f"{name}.pem").write_bytes(ca.pem)
    (home / "more").mkdir()
    (home / ".gitconfig").write_text(
        f'[http]\n\tsslCAInfo = {home}/theirs.pem\n[include]\n\tpath = "~/more/first" ; ours\n'
        "\tpath = gone\n[INCLUDE]\nPath = more/last\n"
    )
    (home / "more/first").write_text(f"[http]\nsslCAInfo = {home}/theirs.pem\n[include]\npath = second\n")
    (home / "more/second").write_text(f"[http]\nsslCAInfo = {home}/ours.pem\n")
    (home / "more/last").write_text('[http "https://git.example"]\nsslVerify = off\n')
    rows = [row for row in Machine(below=[home], homes=[home]).rows("git", acme) if row["user"]]
    assert _git(home, "config", "http.sslCAInfo") == f"{home}/ours.pem"
    assert _git(home, "config", "--get-urlmatch", "http.sslVerify", "https://git.example") in {"off", "false"}
    assert {(row["what"], row["where"], state(row) if row["states"] else row["problem"]) for row in rows} == {
        ("http.sslCAInfo", f"{home}/more/second", "valid"),
        ("http.sslVerify for https://git.example", f"{home}/more/last", _OFF),
    }
    assert all(f"included by {home}/.gitconfig" in row["note"] for row in rows)


def test_what_git_includes_on_a_condition_is_not_judged(home: Path, acme: Authority) -> None:
    """It is shown with its condition, and is not said to be effective; so is a file that nobody can find."""
    (home / "ours.pem").write_bytes(acme.pem)
    (home / ".gitconfig").write_text(
        '[includeIf "gitdir:~/code/"]\npath = on\n[include]\npath = %(prefix)/gone\n'
    )
    (home / "on").write_text(f"[http]\nsslCAInfo = {home}/ours.pem\n")
    assert _git(home, "config", "http.sslCAInfo") == f"{home}/ours.pem"
    unknown, row = Machine(below=[home], homes=[home]).rows("git", acme)
    assert (row["where"], row["effective"], state(row)) == (f"{home}/on", None, "valid")
    assert "counts where gitdir:~/code/ holds, which the doctor does not judge" in row["note"]
    assert (unknown["what"], unknown["effective"]) == ("include.path", None)


def test_files_that_include_each_other_end(tmp_path: Path, acme: Authority) -> None:
    """Neither a circle nor a hundred files cost more than a few, and it is said."""
    home = tmp_path / "home/ann"
    home.mkdir(parents=True)
    (home / ".gitconfig").write_text("[include]\npath = .gitconfig\n" * 100)
    found = Machine(str(tmp_path)).look(acme)
    said = [each for each in found["unreadable"] if "includes more files" in each["why"]]
    assert said
    assert found["complete"]


def test_configuration_that_a_variable_names_is_said_not_to_be_judged(
    tmp_path: Path, acme: Authority
) -> None:
    """In a unit, whose user is not known; in the doctor's own environment, one that is gone is a problem."""
    units = tmp_path / "etc/systemd/system"
    units.mkdir(parents=True)
    (units / "a.service").write_text("[Service]\nEnvironment=WGETRC=/etc/app/wgetrc GIT_CONFIG_COUNT=1\n")
    (tmp_path / "etc/app").mkdir()
    (tmp_path / "etc/app/wgetrc").write_text("ca_certificate = /ours.pem\n")
    rows = Machine(str(tmp_path)).rows("unit", acme)
    assert {row["what"]: row["effective"] for row in rows} == {"WGETRC": None, "GIT_CONFIG_COUNT": None}
    assert all("what is set there is not judged" in row["note"] for row in rows)
    [row] = here(tmp_path, WGETRC=str(tmp_path / "gone")).rows("environment", acme)
    assert row["problem"] == f"names a path where nothing is: {tmp_path}/gone"


def test_a_file_without_certificates_is_a_problem(tmp_path: Path, acme: Authority) -> None:
    """Of curl, which then refuses every server, whatever the system's folder has."""
    (tmp_path / "empty.pem").write_text("")
    [row] = here(tmp_path, CURL_CA_BUNDLE=str(tmp_path / "empty.pem")).rows("environment", acme)
    assert row["problem"] == f"names a file of which no certificate is read: {tmp_path}/empty.pem"
