"""The package's command says where the bundle is, how to trust it, and whether that is so."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from builder.docs import schemas
from tests.runtime.npm import world
from tests.tools import require

if TYPE_CHECKING:
    from tests.runtime.npm.conftest import Authorities

_REGISTER = {"NODE_OPTIONS": "--require acme-ca/register"}


def _npx(project: Path, *words: str, env: dict[str, str] | None = None, status: int = 0) -> Any:
    argv = [require("npx"), "--no", "acme-ca", "--", *words]
    return world.run(argv, cwd=project, env=env, status=status)


def _doctor(project: Path, env: dict[str, str], status: int, release: str = "24") -> Any:
    """Return what the doctor reports, by the very program that npx starts."""
    cli = project / "node_modules/acme-ca/cli.js"
    done = world.run([world.node(release), cli, "doctor", "--json"], cwd=project, env=env, status=status)
    report = json.loads(done.stdout)
    jsonschema.validate(report, schemas.schema("doctor"))
    return report


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
        ("sh", "export {}='{}'\n"),
        ("fish", "set -gx {} '{}'\n"),
        ("powershell", "$env:{} = '{}'\n"),
        ("cmd", 'set "{}={}"\n'),
    ],
)
def test_env_speaks_other_shells(shell: str, line: str, project: Path) -> None:
    """`env --shell` prints the same assignments in another shell's words."""
    cli = project / "node_modules/acme-ca/cli.js"
    done = world.run([world.node("24"), cli, "env", "--shell", shell], cwd=project)
    names = ("NODE_EXTRA_CA_CERTS", "DENO_CERT")
    assert done.stdout == "".join(line.format(name, _bundle(project)) for name in names)


def test_env_leaves_an_explicit_choice_alone(project: Path) -> None:
    """Where NODE_EXTRA_CA_CERTS names another file, `env` prints no assignment for it and says what to do."""
    done = _npx(project, "env", env={"NODE_EXTRA_CA_CERTS": "/etc/hostname"})
    assert done.stdout == f"export DENO_CERT='{_bundle(project)}'\n"
    way = "NODE_EXTRA_CA_CERTS is already /etc/hostname: `env --write FILE` makes a file of both"
    assert done.stderr == f"acme-ca: {way}\n"


def test_env_writes_a_file_of_both(tmp_path: Path, project: Path, authorities: Authorities) -> None:
    """`env --write` puts these roots once behind those of NODE_EXTRA_CA_CERTS, and names that file."""
    (tmp_path / "theirs.pem").write_bytes(authorities.globex.pem)
    both = tmp_path / "both.pem"
    cli = project / "node_modules/acme-ca/cli.js"
    argv = [world.node("24"), str(cli), "env", "--write", str(both), "--json"]
    for named in (tmp_path / "theirs.pem", both):
        found = world.answer(argv, cwd=tmp_path, env={"NODE_EXTRA_CA_CERTS": str(named)})
        assert found == dict.fromkeys(("NODE_EXTRA_CA_CERTS", "DENO_CERT"), str(both))
        assert both.read_bytes() == authorities.globex.pem + authorities.acme.pem
    assert sorted(tmp_path.iterdir()) == [both, tmp_path / "theirs.pem"]


def test_env_leaves_nothing_behind_where_it_cannot_write(tmp_path: Path, project: Path) -> None:
    """`env --write` onto a folder is an error, and no file of its own stays beside it."""
    (tmp_path / "folder").mkdir()
    cli = project / "node_modules/acme-ca/cli.js"
    done = world.run([world.node("24"), cli, "env", "--write", "folder"], cwd=tmp_path, status=1)
    assert (done.stdout, [*tmp_path.iterdir()]) == ("", [tmp_path / "folder"])


def test_env_says_nothing_of_a_file_that_holds_these_roots(project: Path, tmp_path: Path) -> None:
    """Where the variables name a file that holds these roots, there is nothing to set."""
    shutil.copy(_bundle(project), tmp_path / "all.pem")
    env = dict.fromkeys(("NODE_EXTRA_CA_CERTS", "DENO_CERT"), str(tmp_path / "all.pem"))
    done = _npx(project, "env", env=env)
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "nonsense",
        "path extra",
        "--nonsense",
        "env --shell nonsense",
        "path --format yaml",
        "doctor --write x",
    ],
)
def test_a_wrong_command_line_is_an_error(line: str, project: Path) -> None:
    """A wrong command line prints the usage and exits with 2."""
    cli = project / "node_modules/acme-ca/cli.js"
    done = world.run([world.node("24"), cli, *line.split()], cwd=project, status=2)
    assert done.stdout == ""
    assert re.match(r"acme-ca: .+\nusage: acme-ca COMMAND ", done.stderr)


@pytest.mark.parametrize("options", [["--json"], ["--format", "json"], ["--format=json"]])
def test_each_command_prints_json(options: list[str], project: Path) -> None:
    """`--json` is short for `--format json`, and text is what is printed otherwise."""
    cli = project / "node_modules/acme-ca/cli.js"
    found = {
        command: json.loads(
            world.run([world.node("24"), cli, command, *options], cwd=project, status=status).stdout
        )
        for command, status in (("env", 0), ("path", 0), ("doctor", 1))
    }
    path = str(_bundle(project))
    assert found["env"] == {"NODE_EXTRA_CA_CERTS": path, "DENO_CERT": path}
    assert found["path"] == {"path": path}
    assert found["doctor"]["schema"] == 1
    plain = world.run([world.node("24"), cli, "path", "--format", "text"], cwd=project)
    assert plain.stdout == f"{path}\n"


@pytest.mark.parametrize("runtime", [*world.NODES, "bun", "deno"])
def test_a_reader_of_the_first_line_only_is_no_error(runtime: str, project: Path) -> None:
    """`doctor | head -n 1` ends without a word about the closed pipe."""
    program = [world.node(runtime)] if runtime in world.NODES else world.other(runtime)
    command = shlex.join([*program, str(project / "node_modules/acme-ca/cli.js"), "doctor"])
    # Nobody reads what comes: each write meets a closed pipe.
    shell = f"({command}; true) | true"
    done = subprocess.run(
        ["/bin/sh", "-c", shell], env={}, cwd=project, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""


_KEYS = (
    "schema package version release organisation runtime bundle certificates active through variables "
    "problems notes"
)


def test_the_doctor_names_what_it_holds(project: Path) -> None:
    """The report names package, bundle and certificates, by the same fingerprint as certificates.json."""
    report = _doctor(project, {}, status=1)
    listed = json.loads((project / "node_modules/acme-ca/certificates.json").read_text())["certificates"]
    assert " ".join(report) == _KEYS
    expected = {
        "schema": 1,
        "package": "acme-ca",
        "version": "1.20260102.0",
        "release": "20260102",
        "organisation": "acme",
        "bundle": str(_bundle(project)),
        "certificates": [
            {
                "subject": "CN=Acme Root",
                "sha256": entry["sha256"],
                "not_after": entry["not_after"],
                "expired": False,
            }
            for entry in listed
        ],
        "active": False,
        "through": [],
        "variables": [],
        "problems": [],
    }
    assert expected == {key: report[key] for key in expected}
    assert list(report["runtime"]) == ["name", "version", "path"]
    assert report["runtime"]["name"] == "node"
    assert report["runtime"]["version"].startswith("24.")
    assert report["runtime"]["path"] == str(Path(world.node("24")).resolve())


def test_the_doctor_s_text_has_the_same_order(project: Path) -> None:
    """Package and runtime, bundle, certificates, whether they are trusted, variables, problems, notes."""
    env = {**_REGISTER, "npm_config_strict_ssl": "true", "YARN_HTTPS_CA_FILE_PATH": "/etc/hostname"}
    cli = project / "node_modules/acme-ca/cli.js"
    env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0"
    done = world.run([world.node("24"), cli, "doctor"], cwd=project, env=env, status=1)
    report = _doctor(project, env, status=1)
    (root,) = report["certificates"]
    alone = "names other roots, which count alone, without these"
    way = "for Yarn 2 and later, append these to a copy of that file, or unset it"
    runtime = f"node {report['runtime']['version']} ({report['runtime']['path']})"
    assert done.stdout.splitlines() == [
        f"acme-ca 1.20260102.0 (release 20260102 of acme), {runtime}",
        f"bundle: {_bundle(project)}",
        f"  CN=Acme Root, valid until {root['not_after'][:10]}, SHA-256 {root['sha256']}",
        "active: yes, through register",
        'NODE_OPTIONS="--require acme-ca/register": options of every Node.js process',
        'NODE_TLS_REJECT_UNAUTHORIZED="0": 0 accepts every certificate',
        'npm_config_strict_ssl="true": false accepts every certificate',
        f'YARN_HTTPS_CA_FILE_PATH="/etc/hostname": {alone}',
        "problem: NODE_TLS_REJECT_UNAUTHORIZED=0: certificates are not verified at all; unset it",
        f"note: YARN_HTTPS_CA_FILE_PATH {alone}: {way}",
        "note: a program that imports register itself is not seen from here",
    ]
    assert report["variables"][3] == {
        "name": "YARN_HTTPS_CA_FILE_PATH",
        "value": "/etc/hostname",
        "clients": "Yarn 2 and later",
        "holds_these_roots": False,
        "effect": alone,
    }


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
    assert _doctor(project, env, status=0)["through"] == ["the system's roots"]


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
    effect = f"names other roots, which count alone, with{'out these' if theirs else ' these among them'}"
    assert report["variables"][-1]["effect"] == effect
    problem = f"SSL_CERT_FILE {effect}: register adds nothing to the roots you chose; append these to them"
    assert report["problems"] == ([problem] if theirs else [])


@pytest.mark.parametrize(
    ("variable", "openssl", "effect"),
    [
        (
            "SSL_CERT_FILE",
            True,
            "names the system's roots, which is no choice of others: register adds to them",
        ),
        ("SSL_CERT_FILE", False, "is not read here for the default roots"),
        (
            "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
            False,
            "names the system's roots, which is no choice of others: register adds to them",
        ),
        ("NODE_EXTRA_CA_CERTS", False, "names roots to add, without these"),
    ],
)
def test_the_doctor_says_which_case_a_variable_is(
    variable: str, openssl: bool, effect: str, project: Path
) -> None:
    """The system's own roots are no choice of others where register adds to them."""
    options = f"{'--use-openssl-ca ' if openssl else ''}--require acme-ca/register"
    env = {"NODE_OPTIONS": options, variable: "/etc/ssl/certs/ca-certificates.crt"}
    report = _doctor(project, env, status=0)
    assert (report["through"], report["problems"]) == (["register"], [])
    found = {each["name"]: each["effect"] for each in report["variables"]}
    assert found[variable] == effect


def test_the_doctor_explains_what_wins(project: Path) -> None:
    """For people, the report tells of each variable that decides, and of verification switched off."""
    env = {"NODE_TLS_REJECT_UNAUTHORIZED": "0", "NODE_EXTRA_CA_CERTS": "/dev/null", "ACME_CA_DISABLE": "1"}
    text = _npx(project, "doctor", env=env, status=1).stdout
    assert "active: no\n" in text
    assert "problem: NODE_TLS_REJECT_UNAUTHORIZED=0: certificates are not verified at all; unset it\n" in text
    assert "problem: NODE_EXTRA_CA_CERTS: there is no certificate in it\n" in text
    assert "problem: ACME_CA_DISABLE switches register off: unset it\n" in text
    way = "`npx --no acme-ca env --write FILE` makes one of both"
    assert f"note: NODE_EXTRA_CA_CERTS names a file without these roots: {way}\n" in text


def test_the_doctor_reports_a_broken_bundle(tmp_path: Path, project: Path) -> None:
    """A bundle that cannot be read is a problem in the report, and an exit status of 1."""
    shutil.copytree(project / "node_modules", tmp_path / "node_modules")
    _bundle(tmp_path).write_text("nothing\n")
    report = _doctor(tmp_path, _REGISTER, status=1)
    assert report["problems"] == [f"{_bundle(tmp_path)}: there is no certificate in it; reinstall acme-ca"]
    assert not report["active"]
    _bundle(tmp_path).unlink()
    cli = _bundle(tmp_path).with_name("cli.js")
    done = world.run([world.node("24"), cli, "env"], cwd=tmp_path, status=1)
    assert done.stderr == "acme-ca: the bundle is missing: reinstall acme-ca\n"


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"])
def test_the_doctor_waits_for_no_pipe(name: str, tmp_path: Path, project: Path) -> None:
    """A variable that names a pipe, which nobody writes to, names none of these roots."""
    os.mkfifo(tmp_path / "pipe")
    env = {name: str(tmp_path / "pipe"), "NODE_OPTIONS": "--use-openssl-ca"}
    (variable,) = (one for one in _doctor(project, env, status=1)["variables"] if one["name"] == name)
    assert variable["holds_these_roots"] is False


@pytest.mark.parametrize("runtime", ["bun", "deno"])
def test_the_doctor_says_what_other_runtimes_cannot(runtime: str, project: Path) -> None:
    """On Bun and Deno the report says that register cannot reach their fetch."""
    argv = [*world.other(runtime), str(project / "node_modules/acme-ca/cli.js"), "doctor", "--json"]
    report = json.loads(world.run(argv, cwd=project, status=1).stdout)
    assert report["runtime"]["name"] == runtime
    note = f"fetch and WebSocket of {runtime} cannot be reached by register: set NODE_EXTRA_CA_CERTS"
    assert note in report["notes"]
