"""`trustpack lint` and `trustpack explain` as a user runs them."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from builder.rules import RULES
from tests.lint import forge
from tests.lint.faults.stores import jks, jks_entry

_ROOT = Path(__file__).parents[3]
_BAD = _ROOT / "tests" / "data" / "bad"
_NOW = ("--now", "2026-11-24")


def _run(*arguments: str | Path, cwd: Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = ["env", "-i", f"PYTHONPATH={_ROOT}", sys.executable, "-m", "builder", *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, check=False, cwd=cwd)


@pytest.mark.parametrize(
    ("name", "code"),
    [("expired/yesterday.pem", 4), ("no-key-usage/only-that.pem", 1), ("private-key/jks.jks", 5)],
)
def test_the_exit_code_is_that_of_the_worst_finding(name: str, code: int, tmp_path: Path) -> None:
    """Errors exit with 4, warnings with 1, a private key with 5."""
    assert code == _run("lint", _BAD / name, *_NOW, cwd=tmp_path).returncode


def test_a_good_root_exits_with_0(tmp_path: Path) -> None:
    """A root with nothing but notes, read from standard input, exits with 0."""
    done = _run("lint", "-", *_NOW, cwd=tmp_path, stdin=forge.pem(forge.certificate()))

    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.endswith(b"1 certificate: 0 errors, 0 warnings, 1 note\n")


def test_warnings_may_pass(tmp_path: Path) -> None:
    """With --fail-on error, warnings exit with 0."""
    path = _BAD / "no-key-usage" / "only-that.pem"

    assert _run("lint", path, "--fail-on", "error", *_NOW, cwd=tmp_path).returncode == 0


def test_text_names_file_line_fingerprint_why_and_what_to_do(tmp_path: Path) -> None:
    """Each finding in the text has everything a person needs."""
    done = _run("lint", _BAD / "expired" / "yesterday.pem", *_NOW, cwd=tmp_path)
    text = done.stdout.decode()

    assert f"error: expired: {RULES['expired'].why}\n" in text
    assert f"{_BAD / 'expired' / 'yesterday.pem'}:1: Throw-Away Root: expired on 2026-11-23\n" in text
    assert "    SHA-256 " in text
    assert f"  To do: {RULES['expired'].todo}.\n" in text


def test_what_has_a_way_out_of_its_own_shows_that(tmp_path: Path) -> None:
    """In text, in JSON and in SARIF, with the rule's own for what has none."""
    (tmp_path / "a.ldif").write_bytes(b"dn: cn=x\n")
    (tmp_path / "b.crl").write_bytes(b"\x01")
    way, usual = "decode what stands behind cACertificate", RULES["unknown-format"].todo

    def printed(form: str) -> str:
        return _run("lint", "a.ldif", "b.crl", "--format", form, *_NOW, cwd=tmp_path).stdout.decode()

    todos = [one["todo"] for one in json.loads(printed("json"))["findings"]]
    assert [True, True] == [todos[0].startswith(way), todos[1] == usual]
    assert [1, 1] == [printed("text").count(f"To do: {todo}.\n") for todo in todos]
    results = [one["message"]["text"] for one in json.loads(printed("sarif"))["runs"][0]["results"]]
    assert [f"is LDIF; {todos[0]}", False] == [results[0], usual in results[1]]


def test_json_has_findings_and_verdicts(tmp_path: Path) -> None:
    """The JSON names rule, place and fingerprint, and a verdict with its reasons for each runtime."""
    options = ("--format", "json", "--for", "python3.11,python3.13", *_NOW)
    done = _run("lint", _BAD / "no-key-usage" / "only-that.pem", *options, cwd=tmp_path)
    value = json.loads(done.stdout)

    (certificate,) = value["certificates"]
    finding = next(item for item in value["findings"] if item["rule"] == "no-key-usage")
    assert ("warning", 1, certificate["sha256"]) == (
        finding["severity"],
        finding["line"],
        finding["fingerprint"],
    )
    assert certificate["runtimes"] == {
        "python3.11": {"outcome": "accepts", "because": []},
        "python3.13": {"outcome": "refuses", "because": ["no-key-usage"]},
    }


def test_sarif_has_a_rule_and_a_place_for_each_result(tmp_path: Path) -> None:
    """The SARIF log has version 2.1.0, and each result points to its rule, file and line."""
    done = _run("lint", _BAD / "expired" / "yesterday.pem", "--format", "sarif", *_NOW, cwd=tmp_path)
    log = json.loads(done.stdout)

    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert log["version"] == "2.1.0"
    assert ["expired", "unconstrained"] == rules
    for result in run["results"]:
        place = result["locations"][0]["physicalLocation"]
        assert result["ruleId"] == rules[result["ruleIndex"]]
        assert place["artifactLocation"]["uri"].endswith("expired/yesterday.pem")
        assert place["region"]["startLine"] == 1
        assert len(result["partialFingerprints"]["certificateSha256/v1"]) == 64


def test_a_deceptive_name_is_escaped_everywhere(tmp_path: Path) -> None:
    """Control and bidirectional characters of a name reach no output, in no format."""
    names = sorted(path.name for path in (_BAD / "deceptive-name").iterdir())
    for form in ("text", "json", "sarif"):
        text = _run("lint", _BAD / "deceptive-name", "--format", form, *_NOW, cwd=tmp_path).stdout.decode()
        assert names == [name for name in names if name in text]
        assert "" == "".join(c for c in text if not (c.isprintable() or c == "\n"))


@pytest.mark.parametrize("runtimes", ["cobol", "python", "python3.x", "node20;rm", "java8"])
def test_an_unknown_runtime_is_an_error(runtimes: str, tmp_path: Path) -> None:
    """A runtime that nobody measured is refused, and the error names those that were."""
    done = _run("lint", "-", "--for", runtimes, cwd=tmp_path, stdin=forge.pem(forge.certificate()))

    assert done.returncode == 2
    assert b"python3.13" in done.stderr


def test_a_version_that_nobody_measured_is_told(tmp_path: Path) -> None:
    """The table has a question mark for it, and the names that were measured."""
    done = _run("lint", "-", "--for", "go1.99", *_NOW, cwd=tmp_path, stdin=forge.pem(forge.certificate()))

    assert done.returncode == 0
    assert b"go1.99 ?" in done.stdout
    assert b"? go1.99 was not measured, as go1.19, go1.20" in done.stdout


def test_a_password_comes_from_a_file(tmp_path: Path) -> None:
    """A trust store opens with a line of --password-file, and says so where none fits."""
    (tmp_path / "store").write_bytes(jks(jks_entry(forge.certificate()), password="geheim"))  # noqa: S106
    (tmp_path / "password").write_text("wrong\ngeheim\n")

    assert _run("lint", "store", *_NOW, cwd=tmp_path).returncode == 4
    assert _run("lint", "store", "--password-file", "password", *_NOW, cwd=tmp_path).returncode == 0


def test_a_password_is_asked_for_on_a_terminal(tmp_path: Path) -> None:
    """On a terminal the password is asked for, and not shown."""
    (tmp_path / "store").write_bytes(jks(jks_entry(forge.certificate()), password="geheim"))  # noqa: S106
    ours, theirs = pty.openpty()
    command = ["env", "-i", f"PYTHONPATH={_ROOT}", sys.executable, "-m", "builder", "lint", "store", *_NOW]

    # A session of its own: otherwise the terminal that runs the tests would be asked.
    with subprocess.Popen(
        command,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        start_new_session=True,
    ) as asking:
        asked = os.read(asking.stderr.fileno(), 100) if asking.stderr else b""
        # What is typed before the echo is off is thrown away, as it should be.
        end = time.monotonic() + 60
        while termios.tcgetattr(theirs)[3] & termios.ECHO and time.monotonic() < end:
            time.sleep(0.01)
        os.write(ours, b"geheim\n")
        try:
            output, errors = asking.communicate(timeout=60)
        finally:
            asking.kill()

    os.close(theirs)
    os.close(ours)
    assert asked.startswith(b"Password of store")
    assert (asking.returncode, b"geheim" in output + errors) == (0, False)


def test_explain_knows_every_rule(tmp_path: Path) -> None:
    """Without a rule all are listed; with one, its severity, reason and advice are given; a typo is met."""
    listed = _run("explain", cwd=tmp_path).stdout.decode()
    one = _run("explain", "expired", cwd=tmp_path).stdout.decode()
    wrong = _run("explain", "expird", cwd=tmp_path)

    assert list(RULES) == [line.split()[0] for line in listed.splitlines()]
    assert RULES["expired"].why in one
    assert RULES["expired"].todo in one
    assert (wrong.returncode, b"did you mean expired?" in wrong.stderr) == (2, True)


def test_the_configuration_says_what_to_lint(tmp_path: Path) -> None:
    """Without inputs the bundle of trustpack.yaml is linted, with its settings and overrides."""
    (tmp_path / "root.pem").write_bytes((_BAD / "expired" / "yesterday.pem").read_bytes())
    fingerprint = json.loads(_run("lint", "root.pem", "--format", "json", *_NOW, cwd=tmp_path).stdout)[
        "certificates"
    ][0]["sha256"]
    text = f"""
organisation: {{slug: acme}}
bundle:
  paths: [root.pem]
  overrides:
    - {{rule: expired, fingerprint: "{fingerprint}", reason: ticket 4711, until: 2026-12-31}}
"""
    (tmp_path / "trustpack.yaml").write_text(text)

    during = _run("lint", *_NOW, cwd=tmp_path)
    after = _run("lint", "--now", "2027-01-01", cwd=tmp_path)

    assert (during.returncode, after.returncode) == (1, 4)
    assert b"(overridden until 2026-12-31: ticket 4711)" in during.stdout
    assert b"override-ended" in after.stdout
