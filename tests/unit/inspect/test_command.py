"""`trustpack inspect` as people and scripts see it."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from builder.cli.inspect import inspect
from builder.errors import NotAPackageError, PackageError, PrivateKeyError, UsageError
from builder.formats.compression import gzip
from builder.formats.tar import write as tar
from builder.model import File
from tests.lint import forge

if TYPE_CHECKING:
    from typer.testing import Result

_APP = typer.Typer()
_APP.command()(inspect)


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(_APP, [str(argument) for argument in arguments])


@pytest.fixture
def dist(tmp_path: Path, packages: dict[str, bytes]) -> Path:
    """Return a folder that holds a .deb, a .gem, and two files that are no packages."""
    for name, data in {
        "acme.deb": packages["deb"],
        "acme.gem": packages["gem"],
        "manifest.json": b"{}",
        "SHA256SUMS": b"00  acme.deb\n",
        ".hidden": b"",
    }.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


def test_shows_certificates_files_and_scripts(dist: Path) -> None:
    """A package is shown with its name, its certificates, its files' modes and its scripts' text."""
    result = _run(dist / "acme.deb")
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert lines[0] == f"{dist / 'acme.deb'}: deb acme-ca-certs 20261124-0"
    assert any(line.startswith("Acme Root 1 ") and line.endswith("Z 2") for line in lines)
    assert "0755 root:root - /usr/share/acme/" in lines
    assert [line for line in lines if line][-3:] == ["postinst:", "#!/bin/sh", "exit 0"]


def test_passes_over_what_is_no_package_among_others(dist: Path) -> None:
    """Of a folder or a glob, packages are shown and other files are named on standard error."""
    for arguments in ([dist], [path for path in sorted(dist.iterdir()) if not path.name.startswith(".")]):
        result = _run(*arguments)
        assert result.exit_code == 0
        assert [
            f"note: {dist / 'SHA256SUMS'}: is no package, passed over",
            f"note: {dist / 'manifest.json'}: is no package, passed over",
        ] == result.stderr.splitlines()


def test_a_file_asked_for_alone_must_be_a_package(dist: Path) -> None:
    """The same file that is passed over among others is an error alone."""
    assert isinstance(_run(dist / "manifest.json").exception, NotAPackageError)


def test_a_damaged_package_is_an_error_among_others(dist: Path) -> None:
    """A file that is a package, but a broken one, is never passed over; all others are shown before."""
    (dist / "acme.gem").write_bytes((dist / "acme.gem").read_bytes()[:2000])
    result = _run(dist)
    assert (type(result.exception), str(result.exception).partition(": ")[0]) == (
        PackageError,
        f"{dist / 'acme.gem'}",
    )
    assert f"{dist / 'acme.deb'}: deb acme-ca-certs 20261124-0" in result.stdout
    listed = json.loads(_run(dist, "--json").stdout)
    assert [Path(one["file"]).name for one in listed["packages"]] == ["acme.deb"]
    assert listed["damaged"] == [{"file": str(dist / "acme.gem"), "error": str(result.exception)}]


def test_every_damaged_package_is_named(dist: Path) -> None:
    """In one error, after the others have been shown."""
    (dist / "acme.gem").write_bytes((dist / "acme.deb").read_bytes()[:100])
    (dist / "another.gem").write_bytes((dist / "acme.deb").read_bytes()[:200])
    said = str(_run(dist).exception).splitlines()
    assert said[0] == "2 packages cannot be read:"
    assert [line.strip().partition(": ")[0] for line in said[1:]] == [
        str(dist / "acme.gem"),
        str(dist / "another.gem"),
    ]


def test_a_private_key_is_shown_and_refused(dist: Path) -> None:
    """In a file and in a script: named by file and kind in text and JSON, the others shown, exit status 5."""
    body = base64.b64encode(forge.elliptic().encoded()).decode()
    description = json.dumps({"name": "acme-ca", "version": "1.0.0", "scripts": {"test": f"echo {body}"}})
    files = [
        File("package/package.json", description.encode()),
        File("package/a.p8", forge.elliptic().encoded()),
    ]
    (dist / "bad.tgz").write_bytes(gzip(tar(files, 0)))
    kind = "a PKCS #8 private key"

    result, listed = _run(dist), _run(dist, "--json")

    for one in (result, listed):
        assert isinstance(one.exception, PrivateKeyError)
        assert one.exception.exit_code == 5
        assert body[:16] not in str(one.exception)
    lines = [f"{name} holds {kind}" for name in ("package/a.p8", "package/package.json", "test")]
    assert [f"  private key: {line}" for line in lines] == [
        line for line in result.stdout.splitlines() if line.startswith("  private key")
    ]
    told = [f"{dist / 'bad.tgz'}: {line}" for line in lines]
    assert ["3 private keys are in packages:", *told] == str(result.exception).split("\n  ")
    assert isinstance(result.exception, PrivateKeyError)
    assert told == [str(part) for part in result.exception.parts]
    held = {Path(one["file"]).name: one["private_keys"] for one in json.loads(listed.stdout)["packages"]}
    assert [line.partition(" holds")[0] for line in lines] == [one["file"] for one in held["bad.tgz"]]
    assert {kind} == {one["what"] for one in held["bad.tgz"]}
    assert (held["acme.deb"], held["acme.gem"]) == ([], [])


def test_a_file_that_is_a_private_key_itself_is_named_once(dist: Path) -> None:
    """It is the package and what lies in it at once."""
    (dist / "key.pem").write_bytes(forge.pem(forge.elliptic().encoded(), "PRIVATE KEY"))
    error = _run(dist).exception
    assert isinstance(error, PrivateKeyError)
    assert (str(error), error.parts) == (f"{dist / 'key.pem'}: holds a private key", ())


def test_a_missing_file_is_a_usage_error(dist: Path) -> None:
    """What is not there is named."""
    error = _run(dist / "gone.deb").exception
    assert isinstance(error, UsageError)
    assert str(error) == f"{dist / 'gone.deb'}: is no file or folder"


def test_json_has_everything(dist: Path) -> None:
    """--json gives full fingerprints, octal modes and RFC 3339 times, and the files passed over."""
    value = json.loads(_run(dist, "--json").stdout)
    assert [str(dist / "acme.deb"), str(dist / "acme.gem")] == [p["file"] for p in value["packages"]]
    assert [str(dist / "SHA256SUMS"), str(dist / "manifest.json")] == value["passed_over"]
    deb = value["packages"][0]
    assert {"/usr/share/acme/1.crt", "/usr/share/acme/2.crt", "/usr/share/acme/both.pem"} == {
        certificate["file"] for certificate in deb["certificates"]
    }
    assert all(len(certificate["sha256"]) == 64 for certificate in deb["certificates"])
    assert all(certificate["not_after"].endswith("Z") for certificate in deb["certificates"])
    assert {"0644", "0755"} == {file["mode"] for file in deb["files"]}


def test_no_control_character_reaches_the_terminal(tmp_path: Path) -> None:
    """Escape sequences in a package's names, fields and scripts are shown, not sent."""
    evil = "\x1b]0;evil\x07\u202e"
    description = json.dumps({"name": evil, "version": evil, "scripts": {evil: f"a\n{evil}"}, evil: evil})
    files = [File("package/package.json", description.encode()), File(f"package/{evil}", b"")]
    (tmp_path / "evil.tgz").write_bytes(gzip(tar(files, 0)))
    for arguments in ([], ["--json"]):
        result = _run(tmp_path / "evil.tgz", *arguments)
        assert result.exit_code == 0
        assert not set(result.stdout) & set("\x1b\x07\u202e")


def test_output_to_a_pipe_is_stable(dist: Path) -> None:
    """Two runs print the same bytes, without colours."""
    first, second = _run(dist).stdout_bytes, _run(dist).stdout_bytes
    assert first == second
    assert b"\x1b" not in first
