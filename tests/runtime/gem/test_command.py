"""The gem's command: where the bundle is, what makes every Ruby trust it, and whether that is so here."""

import hashlib
import json
import ssl
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from builder.docs import schemas
from builder.prove.authority import Authority
from tests.runtime.gem.conftest import Home
from tests.tools import require

LOADED = {"RUBYOPT": "-racme_ca"}


def command(home: Home, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command that the gem installs."""
    return home.attempt(str(home.path / "bin/acme-ca"), *words, **environment)


def examined(home: Home, **environment: str) -> dict[str, Any]:
    """Return what the doctor finds, which its schema allows."""
    done = command(home, "doctor", "--json", **environment)
    found: dict[str, Any] = json.loads(done.stdout)
    jsonschema.validate(found, schemas.schema("doctor"))
    assert done.returncode == int(not found["active"] or found["problems"] != [])
    return found


def test_the_doctor_says_what_is_active(installed: Home, acme: Authority) -> None:
    """With RUBYOPT it is, and the JSON says through what, of which release and which certificates."""
    found = examined(installed, **LOADED)
    der = ssl.PEM_cert_to_DER_cert(acme.pem.decode())
    until = acme.certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ")
    expected = {
        "subject": "CN=Acme Root CA",
        "sha256": hashlib.sha256(der).hexdigest(),
        "not_after": until,
        "expired": False,
    }
    assert (found["package"], found["organisation"]) == ("acme-ca", "acme")
    assert found["version"] == f"1.{found['release']}"
    assert [expected] == found["certificates"]
    assert (found["active"], found["through"]) == (True, ["RUBYOPT"])
    assert Path(str(found["bundle"])).read_bytes() == acme.pem


def test_the_text_says_the_same_in_the_same_order(installed: Home) -> None:
    """A heading, the bundle, a line for each certificate, whether it is active, variables, and notes.

    The doctors of the wheel and of npm's package print the same lines.
    """
    found = examined(installed, **LOADED)
    done = command(installed, "doctor", "--format", "text", **LOADED)
    (root,) = found["certificates"]
    package = f"acme-ca {found['version']} (release {found['release']} of acme)"
    runtime = f"ruby {found['runtime']['version']} ({found['runtime']['path']})"
    assert done.stdout.splitlines() == [
        f"{package}, {runtime}",
        f"bundle: {found['bundle']}",
        f"  CN=Acme Root CA, valid until {root['not_after'][:10]}, SHA-256 {root['sha256']}",
        "active: yes, through RUBYOPT",
        'RUBYOPT="-racme_ca": loads this gem',
        "note: a program that requires this gem itself, or by its Gemfile, is not seen from here",
    ]
    assert done.returncode == 0


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"])
def test_a_variable_that_is_no_text_breaks_nothing(installed: Home, urls: list[str], name: str) -> None:
    """A path is bytes: a client is refused as it was, with no error of the gem's, and the doctor shows it."""
    environment = {**LOADED, name: "/x\udcff\ny", "LANG": "C.UTF-8"}
    (variable,) = [one for one in examined(installed, **environment)["variables"] if one["name"] == name]
    assert variable["value"] == "/x\ufffd\ny"
    text = command(installed, "doctor", **environment).stdout
    assert f'\n{name}="/x\ufffd\\ny": ' in text
    expected = ["accepted" if name.startswith("GRPC") else "refused"]
    assert expected == installed.client("net/http", "uri", urls[0], **environment)


@pytest.mark.parametrize(
    ("environment", "active", "problems"),
    [
        ({}, False, 0),
        ({**LOADED, "ACME_CA_DISABLE": "1"}, False, 1),
        ({**LOADED, "SSL_CERT_FILE": "/nowhere.pem"}, False, 1),
        ({**LOADED, "SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt"}, True, 0),
        ({**LOADED, "SSL_CERT_DIR": "/etc/ssl/certs"}, True, 0),
    ],
)
def test_the_doctor_agrees_with_a_client(
    environment: dict[str, str], active: bool, problems: int, installed: Home, urls: list[str]
) -> None:
    """Where it says active, net/http connects in the same environment; where not, it is refused."""
    found = examined(installed, **environment)
    assert (active, problems) == (found["active"], len(found["problems"]))
    verdict = installed.client("net/http", "uri", urls[0], **environment)
    assert verdict == (["accepted"] if active else ["refused"])


def test_a_variable_is_said_for_what_it_is(installed: Home, acme: Authority, tmp_path: Path) -> None:
    """The public roots are no choice; another file is one, and whether it holds these roots is told."""
    (tmp_path / "own.pem").write_bytes(acme.pem)

    def effect(file: object) -> tuple[object, str]:
        found = examined(installed, **LOADED, SSL_CERT_FILE=str(file))
        [one] = [each for each in found["variables"] if each["name"] == "SSL_CERT_FILE"]
        return one["holds_these_roots"], one["effect"]

    assert effect("/etc/ssl/certs/ca-certificates.crt") == (
        False,
        "names the system's roots, which clients take anyway: this gem adds its own",
    )
    own = "is a choice of other roots: clients trust those alone, and this gem adds nothing"
    assert effect(tmp_path / "own.pem") == (True, own)
    assert effect("/nowhere.pem") == (False, own)


def test_a_chosen_file_with_these_roots_is_a_way(installed: Home, acme: Authority, tmp_path: Path) -> None:
    """Who sets SSL_CERT_FILE to a file that holds the bundle trusts it through that."""
    (tmp_path / "own.pem").write_bytes(acme.pem)
    found = examined(installed, SSL_CERT_FILE=str(tmp_path / "own.pem"))
    assert (found["active"], found["problems"]) == (True, [])


def test_a_damaged_gem_is_a_problem(home: Home, gem: Path) -> None:
    """The doctor says that the files are damaged, and does not fail over them."""
    home.install(gem)
    [roots] = home.path.glob("gems/*/lib/acme_ca/roots.pem")
    roots.chmod(0o644)
    roots.write_text("no certificate\n")
    found = examined(home)
    assert found["active"] is False
    assert "are damaged, or cannot be read: install the gem again" in str(found["problems"])


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_env_makes_every_ruby_trust_it(shell: str, installed: Home, urls: list[str]) -> None:
    """What a shell reads from env activates the gem in a program that does not ask for it."""
    lines = command(installed, "env").stdout
    program = f"{lines}exec ruby -rnet/http -e 'puts Net::HTTP.get_response(URI(ARGV[0])).code' {urls[0]}"
    assert installed.run(require(shell), "-c", program).stdout == "200\n"


def test_env_overwrites_no_file_of_others(installed: Home, tmp_path: Path) -> None:
    """--write renews what it wrote; a file that it did not write stays as it is."""
    theirs, ours = tmp_path / "theirs.pem", tmp_path / "ours.pem"
    theirs.write_text("theirs\n")
    program = str(installed.path / "bin/acme-ca")
    done = installed.attempt(program, "env", f"--write={theirs}")
    assert (done.returncode, done.stdout, theirs.read_text()) == (2, "", "theirs\n")
    assert f"{theirs} is not a file that this command wrote; name another one" in done.stderr
    for _ in range(2):
        installed.run(program, "env", f"--write={ours}")


def test_env_for_other_shells(installed: Home) -> None:
    """fish, PowerShell and cmd have words of their own to set a variable; JSON has none."""
    path = next(installed.path.glob("gems/*/lib/acme_ca.rb"))
    expected = {
        "fish": f"set -gx RUBYOPT '-r{path}'",
        "powershell": f"$env:RUBYOPT = '-r{path}'",
        "cmd": f'set "RUBYOPT=-r{path}"',
    }
    assert expected == {name: command(installed, "env", "--shell", name).stdout.strip() for name in expected}
    assert json.loads(command(installed, "env", "--format", "json").stdout) == {"RUBYOPT": f"-r{path}"}


def test_path_version_help_and_mistakes(installed: Home) -> None:
    """The other commands print one thing; a mistake is named, with the usage and status 2."""
    said = command(installed, "path").stdout.strip()
    assert said.endswith("/lib/acme_ca/roots.pem")
    assert json.loads(command(installed, "path", "--json").stdout) == {"path": said}
    assert command(installed, "--version").stdout.startswith("1.2")
    assert "usage: acme-ca COMMAND" in command(installed, "--help").stdout
    for words in (["nosuch"], ["env", "--shell", "tcsh"], ["path", "more"], []):
        done = command(installed, *words)
        assert (done.returncode, done.stdout) == (2, "")
        assert "usage: acme-ca COMMAND" in done.stderr


def test_a_reader_that_leaves_early(installed: Home) -> None:
    """`doctor | head -1` ends without an error."""
    done = installed.run(require("sh"), "-c", f"{installed.path}/bin/acme-ca doctor | head -1")
    assert done.stdout.startswith("acme-ca 1.")
    assert done.stderr == ""
