"""SARIF of every finding there is, judged by the standard's schema, a reference validator and GitHub's rules.

Schema and validator are Microsoft's, from the npm package of the SARIF multitool.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from builder.rules import RULES
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Callable

_BAD = Path(__file__).parents[1] / "data" / "bad"
_PACKAGE = Path(__file__).parents[1] / "runtime/npm/node_modules/@microsoft/sarif-multitool-linux"
_LINT = (sys.executable, "-m", "builder", "lint", "--format", "sarif", "--now", "2026-11-24T12:00:00Z")
# Warnings that remain, each with its reason; a note of the validator is a matter of taste.
_REMAIN = {"SARIF2005": "trustpack has no page of its own to point to"}


def _lint(*inputs: str | Path, cwd: Path = _BAD, stdin: bytes = b"") -> Any:
    """Return the log of what is wrong with some inputs."""
    command = [*_LINT, *map(str, inputs)]
    environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PYTHONPATH": str(_BAD.parents[2])}
    done = subprocess.run(command, cwd=cwd, env=environment, input=stdin, capture_output=True, check=False)
    assert done.stderr == b""
    return json.loads(done.stdout)


def _results(*inputs: str | Path, cwd: Path = _BAD, stdin: bytes = b"") -> list[Any]:
    results: list[Any] = _lint(*inputs, cwd=cwd, stdin=stdin)["runs"][0]["results"]
    return results


@pytest.fixture(scope="module")
def everything() -> Any:
    """Return the log of all bad inputs at once."""
    return _lint(*sorted(path.name for path in _BAD.iterdir() if path.is_dir()))


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Any], set[str]]:
    """Return a function that says which of the validator's rules a log breaks."""
    program = _PACKAGE / "Sarif.Multitool"
    if program.is_file():
        program.chmod(0o755)  # npm would, in an install script
    require(str(program))
    folder = tmp_path_factory.mktemp("sarif")
    environment = {
        "HOME": str(folder),
        "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1",
        "https_proxy": "http://127.0.0.1:9",  # it would ask the network for the schema that the log names
    }

    def validate(log: Any) -> set[str]:
        (folder / "log.sarif").write_text(json.dumps(log))
        rules = ("--rule-kind", "Sarif;Ghas", "--level", "Error;Warning")
        out = (
            "--json-schema",
            str(_PACKAGE / "sarif-2.1.0.json"),
            "--output",
            "found.sarif",
            "--log",
            "ForceOverwrite",
        )
        command = [str(program), "validate", "log.sarif", *rules, *out]
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        (found,) = json.loads((folder / "found.sarif").read_text("utf-8-sig"))["runs"]
        assert found["invocations"][0]["executionSuccessful"]
        return {result["ruleId"] for result in found["results"]}

    return validate


@pytest.fixture(scope="module")
def schema(complaints: object) -> jsonschema.Draft202012Validator:  # noqa: ARG001  it looks for the package
    """Return the schema of SARIF 2.1.0."""
    found = json.loads((_PACKAGE / "sarif-2.1.0.json").read_text("utf-8-sig"))
    assert found["title"] == "Static Analysis Results Format (SARIF) Version 2.1.0 JSON Schema"
    return jsonschema.Draft202012Validator(
        found, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )


def test_every_finding_fits_the_schema(everything: Any, schema: jsonschema.Draft202012Validator) -> None:
    """Of the standard; a log with a word of our own in it would not."""
    assert [error.message for error in schema.iter_errors(everything)] == []
    everything["runs"][0]["results"][0] |= {"severity": "bad"}
    assert not schema.is_valid(everything)
    del everything["runs"][0]["results"][0]["severity"]


def test_the_validator_and_githubs_rules_find_nothing_else(
    everything: Any, complaints: Callable[[Any], set[str]]
) -> None:
    """Every rule of the standard and of GitHub's code scanning, but for what is explained above."""
    assert complaints(everything) == set(_REMAIN)


def test_the_validator_finds_what_github_would_refuse(complaints: Callable[[Any], set[str]]) -> None:
    """A rule without a description, a result whose index is another rule's."""
    log = _lint("expired")
    del log["runs"][0]["tool"]["driver"]["rules"][0]["fullDescription"]
    assert complaints(log) == {*_REMAIN, "GH2012"}
    log = _lint("expired")
    log["runs"][0]["results"][0]["ruleIndex"] = 99
    assert complaints(log) - set(_REMAIN) != set()


def test_rules_and_levels_are_those_of_the_findings(everything: Any) -> None:
    """Each rule stands once; each result points to its own, and is as bad as the finding."""
    (run,) = everything["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == sorted(set(rules))
    assert len(rules) > 60
    for rule in run["tool"]["driver"]["rules"]:
        assert rule["defaultConfiguration"]["level"] == RULES[rule["id"]].severity.name.lower()
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
    levels = {result["level"] for result in run["results"]}
    assert levels == {"error", "warning", "note"}


def test_places_are_where_github_looks(everything: Any) -> None:
    """Relative to the folder in which lint runs, from line 1 where the whole file is meant."""
    for result in everything["runs"][0]["results"]:
        (location,) = result["locations"]
        place = location["physicalLocation"]
        assert (_BAD / place["artifactLocation"]["uri"]).exists()
        assert place["region"]["startLine"] >= 1


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("roots.pem", "roots.pem"),
        ("./pki/../roots.pem", "roots.pem"),
        ("{cwd}/roots.pem", "roots.pem"),
        ("../other/roots.pem", "file://{parent}/other/roots.pem"),
        ("pki/a:b #1 ü%.pem", "pki/a%3Ab%20%231%20%C3%BC%25.pem"),
        ("a:b.pem", "a%3Ab.pem"),
        (os.fsdecode(b"latin-\xfc.pem"), "latin-%FC.pem"),
        ("https://ca.example/a/roots.pem?x=1", "https://ca.example/a/roots.pem?%E2%80%A6"),  # may be a token
        ("-", "%3Cstdin%3E"),
    ],
)
def test_each_path_is_a_uri(given: str, expected: str, tmp_path: Path) -> None:
    """What lies in the folder is named from there, whatever way it was given; a colon starts no scheme."""
    cwd = tmp_path / "cwd"
    cwd.mkdir()
    (result,) = _results(given.format(cwd=cwd), cwd=cwd)
    found = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert found == expected.format(parent=tmp_path)


def _prints(results: list[Any]) -> list[str]:
    return sorted(result["partialFingerprints"]["trustpackFinding/v1"] for result in results)


def test_fingerprints_follow_a_certificate(tmp_path: Path) -> None:
    """To other lines and other files; each result has its own, and two copies in one log have two."""
    pem = (_BAD / "expired" / "yesterday.pem").read_bytes()
    other = (_BAD / "no-key-usage" / "only-that.pem").read_bytes()
    for name, data in {"a.pem": pem, "b.pem": other + pem, "c.pem": other}.items():
        (tmp_path / name).write_bytes(data)
    alone, beside = _results("a.pem", cwd=tmp_path), _results("b.pem", cwd=tmp_path)
    lines = {r["locations"][0]["physicalLocation"]["region"]["startLine"] for r in beside}
    assert len(lines) == 2
    assert set(_prints(alone) + _prints(_results("c.pem", cwd=tmp_path))) < set(_prints(beside))
    twice = _prints(_results("a.pem", "a.pem", cwd=tmp_path))
    assert len(set(twice)) == len(twice)


def test_every_result_has_a_fingerprint_of_its_own(everything: Any) -> None:
    """Also one that is about no certificate."""
    results = everything["runs"][0]["results"]
    assert len(set(_prints(results))) == len(results)
    assert any("certificateSha256/v1" not in result["partialFingerprints"] for result in results)
