"""The package's command says where the bundle is, how to trust it, and whether that is so."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.runtime.npm import world
from tests.tools import require

if TYPE_CHECKING:
    from pathlib import Path

    from tests.runtime.npm.conftest import Authorities

_REGISTER = {"NODE_OPTIONS": "--require acme-ca/register"}


def _npx(project: Path, *words: str, env: dict[str, str] | None = None, status: int = 0) -> Any:
    argv = [require("npx"), "--no", "acme-ca", "--", *words]
    return world.run(argv, cwd=project, env=env, status=status)


def _doctor(project: Path, env: dict[str, str], status: int, release: str = "24") -> Any:
    """Return what the doctor reports, by the very program that npx starts."""
    cli = project / "node_modules/acme-ca/cli.js"
    done = world.run([world.node(release), cli, "doctor", "--json"], cwd=project, env=env, status=status)
    return json.loads(done.stdout)


def _bundle(project: Path) -> Path:
    return project / "node_modules/acme-ca/roots.pem"


def test_path_prints_the_bundle_s_path(project: Path, authorities: Authorities) -> None:
    """`npx --no acme-ca path` prints a path that holds the CA."""
    path = _npx(project, "path").stdout.rstrip("\n")
    assert path == str(_bundle(project))
    assert _bundle(project).read_bytes() == authorities.acme.pem


def test_a_scoped_package_has_its_command_too(both: Path) -> None:
    """`npx --no @globex/ca path` runs the command of a package under an npm scope."""
    done = world.run([require("npx"), "--no", "@globex/ca", "--", "path"], cwd=both)
    assert done.stdout == f"{both}/node_modules/@globex/ca/roots.pem\n"


def test_npx_without_the_package_runs_nothing(tmp_path: Path) -> None:
    """`npx --no` refuses where the package is not installed, instead of fetching a stranger's."""
    assert _npx(tmp_path, "env", status=1).stdout == ""


@pytest.mark.parametrize("name", ["plain", "it's a $HOME `folder`"])
def test_env_can_be_evaluated(name: str, tmp_path: Path, project: Path) -> None:
    """A shell that evaluates `env` exports NODE_EXTRA_CA_CERTS, whatever the folder is called."""
    folder = tmp_path / name
    shutil.copytree(project / "node_modules", folder / "node_modules")
    cli = shlex.join([world.node("24"), str(folder / "node_modules/acme-ca/cli.js"), "env"])
    shell = f'eval "$({cli})" && printf %s "$NODE_EXTRA_CA_CERTS"'
    done = subprocess.run(["/bin/sh", "-euc", shell], env={}, capture_output=True, text=True, check=True)
    assert done.stdout == str(_bundle(folder))


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        ("sh", "export NODE_EXTRA_CA_CERTS='{}'\n"),
        ("fish", "set -gx NODE_EXTRA_CA_CERTS '{}'\n"),
        ("powershell", "$env:NODE_EXTRA_CA_CERTS = '{}'\n"),
        ("cmd", 'set "NODE_EXTRA_CA_CERTS={}"\n'),
    ],
)
def test_env_speaks_other_shells(shell: str, line: str, project: Path) -> None:
    """`env --shell` prints the same assignment in another shell's words."""
    cli = project / "node_modules/acme-ca/cli.js"
    done = world.run([world.node("24"), cli, "env", "--shell", shell], cwd=project)
    assert done.stdout == line.format(_bundle(project))


def test_env_leaves_an_explicit_choice_alone(project: Path) -> None:
    """Where NODE_EXTRA_CA_CERTS names another file, `env` prints no assignment and says what to do."""
    done = _npx(project, "env", env={"NODE_EXTRA_CA_CERTS": "/etc/hostname"})
    assert done.stdout == ""
    assert f"append {_bundle(project)} to a copy of that file" in done.stderr


@pytest.mark.parametrize("line", ["", "nonsense", "path extra", "--nonsense", "env --shell nonsense"])
def test_a_wrong_command_line_is_an_error(line: str, project: Path) -> None:
    """A wrong command line prints the usage and exits with 2."""
    cli = project / "node_modules/acme-ca/cli.js"
    done = world.run([world.node("24"), cli, *line.split()], cwd=project, status=2)
    assert done.stdout == ""
    assert re.match(r"acme-ca: .+\nusage: acme-ca COMMAND\n", done.stderr)


def test_the_doctor_names_what_it_holds(project: Path) -> None:
    """The report names package, bundle and certificates, by the same fingerprint as certificates.json."""
    report = _doctor(project, {}, status=1)
    listed = json.loads((project / "node_modules/acme-ca/certificates.json").read_text())["certificates"]
    assert {"package": "acme-ca", "version": "1.20260102.0", "bundle": str(_bundle(project))} == {
        key: report[key] for key in ("package", "version", "bundle")
    }
    assert report["certificates"] == [
        {"subject": "CN=Acme Root", "sha256": entry["sha256"], "notAfter": entry["not_after"]}
        for entry in listed
    ]
    assert report["runtime"].startswith("node 24.")


@pytest.mark.parametrize("release", ["18", "24"])
@pytest.mark.parametrize(
    ("env", "through"),
    [
        ({}, []),
        (_REGISTER, ["register"]),
        ({"NODE_EXTRA_CA_CERTS": "node_modules/acme-ca/roots.pem"}, ["NODE_EXTRA_CA_CERTS"]),
        ({**_REGISTER, "ACME_CA_DISABLE": "1"}, []),
    ],
    ids=["nothing", "register", "extra", "disabled"],
)
def test_the_doctor_says_what_is_active(
    release: str, env: dict[str, str], through: list[str], project: Path
) -> None:
    """The report says by which way the bundle is trusted here, and its exit status whether it is."""
    report = _doctor(project, env, status=0 if through else 1, release=release)
    assert (report["active"], report["through"]) == (bool(through), through)
    assert sorted(env) == sorted(variable["name"] for variable in report["variables"])


def test_the_doctor_sees_the_system_store(project: Path) -> None:
    """A bundle that the system's roots hold is active with --use-system-ca."""
    env = {
        "NODE_OPTIONS": "--use-system-ca",
        "SSL_CERT_FILE": str(_bundle(project)),
        "SSL_CERT_DIR": "/nonexistent",
    }
    assert _doctor(project, env, status=0)["through"] == ["the default roots"]


@pytest.mark.parametrize("release", world.NODES)
@pytest.mark.parametrize("theirs", [True, False])
def test_the_doctor_sees_an_openssl_store_somebody_chose(
    theirs: bool, release: str, tmp_path: Path, project: Path, authorities: Authorities
) -> None:
    """With --use-openssl-ca and SSL_CERT_FILE, the report says whether that file holds the bundle."""
    (tmp_path / "other.pem").write_bytes(authorities.unrelated.pem)
    file = tmp_path / "other.pem" if theirs else _bundle(project)
    env = {"NODE_OPTIONS": "--use-openssl-ca --require acme-ca/register", "SSL_CERT_FILE": str(file)}
    report = _doctor(project, env, status=1 if theirs else 0, release=release)
    assert report["through"] == ([] if theirs else ["SSL_CERT_FILE"])
    note = "SSL_CERT_FILE with --use-openssl-ca: register adds nothing to the roots you chose"
    assert note in report["notes"]


def test_the_doctor_explains_what_wins(project: Path) -> None:
    """For people, the report tells of each variable that decides, and of verification switched off."""
    env = {"NODE_TLS_REJECT_UNAUTHORIZED": "0", "NODE_EXTRA_CA_CERTS": "/dev/null", "ACME_CA_DISABLE": "1"}
    text = _npx(project, "doctor", env=env, status=1).stdout
    assert "active here: no\n" in text
    assert "note: NODE_TLS_REJECT_UNAUTHORIZED=0: certificates are not verified at all\n" in text
    assert "note: NODE_EXTRA_CA_CERTS names a file without this bundle\n" in text
    assert "note: ACME_CA_DISABLE switches register off\n" in text


def test_the_doctor_reports_a_broken_bundle(tmp_path: Path, project: Path) -> None:
    """A bundle that cannot be read is a problem in the report, and an exit status of 1."""
    shutil.copytree(project / "node_modules", tmp_path / "node_modules")
    _bundle(tmp_path).write_text("nothing\n")
    assert _doctor(tmp_path, _REGISTER, status=1)["problems"] == ["there is no certificate in it"]


@pytest.mark.parametrize("runtime", ["bun", "deno"])
def test_the_doctor_says_what_other_runtimes_cannot(runtime: str, project: Path) -> None:
    """On Bun and Deno the report says that register cannot reach their fetch."""
    argv = [*world.other(runtime), str(project / "node_modules/acme-ca/cli.js"), "doctor", "--json"]
    report = json.loads(world.run(argv, cwd=project, status=1).stdout)
    assert report["runtime"].startswith(runtime)
    note = f"fetch and WebSocket of {runtime} cannot be reached by register: set NODE_EXTRA_CA_CERTS"
    assert note in report["notes"]
