"""A home whose owner means harm: the doctor, as root, ends in bounded time, and tells nobody's secret."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import releases
from tests.tools import require

if TYPE_CHECKING:
    from builder.prove.authority import Authority

_SECRET = "hunter2-is-a-secret"  # noqa: S105  that is what it stands for
_FEW, _MANY = 5_000, 200_000


@pytest.fixture(scope="module")
def pyz(acme: Authority, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the organisation's doctor."""
    return releases.build(tmp_path_factory.mktemp("built"), "acme", [acme], target="doctor", release="1")[0]


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Lay out a machine with one user, of a name of their own choice, and a file that is root's alone."""
    files = {
        "etc/passwd": "root:x:0:0::/root:/bin/sh\nmallory:x:1000:1000::/srv/mallory:/bin/sh\n",
        "etc/os-release": 'ID=debian\nPRETTY_NAME="Debian"\n',
        "etc/shadow": f"root:{_SECRET}:1::::::\n",
        "srv/mallory/.keep": "",
    }
    for name, text in files.items():
        path = tmp_path / "machine" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "machine"


def _look(pyz: Path, machine: Path, *options: str, seconds: int = 60) -> tuple[int, dict[str, Any], str]:
    done = subprocess.run(
        [sys.executable, "-I", pyz, "--json", "--root", machine, f"--seconds={seconds}", *options],
        capture_output=True,
        text=True,
        check=False,
        env={},
        timeout=seconds + 40,
    )
    assert done.stderr == ""
    assert _SECRET not in done.stdout
    return done.returncode, json.loads(done.stdout), done.stdout


def _why(found: dict[str, Any]) -> dict[str, str]:
    return {each["path"]: each["why"] for each in found["unreadable"]}


def test_no_link_leads_out_of_a_home(pyz: Path, machine: Path) -> None:
    """Neither one to a file, nor through a folder, nor up and down again; what is inside is read."""
    home = machine / "srv/mallory"
    (home / ".curlrc").symlink_to("/etc/shadow")
    (home / ".wgetrc").symlink_to("../../etc/shadow")
    (home / ".config").symlink_to("/etc")
    (home / "kept").write_text("[http]\nsslVerify = false\n")
    (home / ".gitconfig").symlink_to("kept")
    (home / ".npmrc").symlink_to(".npmrc")
    for path in home.iterdir():
        os.chown(path, 1000, 1000, follow_symlinks=False)
    code, found, _ = _look(pyz, machine)
    assert code == 1
    assert [row["what"] for row in found["rows"] if row["kind"] == "git"] == ["http.sslVerify"]
    assert _why(found)["/srv/mallory/.curlrc"] == "is behind a link that leads out of the home"
    assert found["complete"]


def test_what_never_answers_is_not_waited_for(pyz: Path, machine: Path) -> None:
    """A FIFO, a socket, a device of the name of a file, and a file of gigabytes that takes no room."""
    home = machine / "srv/mallory"
    os.mkfifo(home / ".gitconfig")
    os.mkfifo(home / "cacert.pem")
    with (home / ".npmrc").open("wb") as file:
        file.truncate(5 << 30)
    (home / ".curlrc").mkdir()
    _, found, _ = _look(pyz, machine, seconds=30)
    assert _why(found)["/srv/mallory/.gitconfig"] == "is no file"
    assert "is larger than" in _why(found)["/srv/mallory/.npmrc"]
    assert found["seconds"] < 30


def test_many_folders_and_deep_ones_end(pyz: Path, machine: Path) -> None:
    """One folder in another, deeper than a path can be, and more in one than anybody has."""
    home = machine / "srv/mallory"
    _deep(home, 300)
    (home / "wide").mkdir()
    for number in range(_FEW):
        (home / "wide" / str(number)).mkdir()
    _, found, _ = _look(pyz, machine)
    assert any("lies too deep" in why for why in _why(found).values())
    assert found["complete"]
    subprocess.run([require("rm"), "-r", machine / "srv"], check=True)  # Python's own fails for the depth


@pytest.mark.long
def test_very_many_folders_end(pyz: Path, machine: Path) -> None:
    """What is said to be left out is; nobody waits for what has no end."""
    for outer in range(_MANY // 1000):
        for inner in range(1000):
            (machine / "srv/mallory" / str(outer) / str(inner)).mkdir(parents=True)
    _, found, _ = _look(pyz, machine, seconds=60)
    assert "not all of it was looked at" in _why(found)["/srv/mallory"]


def test_no_user_makes_a_host_look_as_if_it_lacked_all(pyz: Path, machine: Path) -> None:
    """By more stores than are told, settings that name what is no store, many databases, FIFOs."""
    home = machine / "srv/mallory"
    for number in range(600):
        file = home / f"v{number}/lib/python3.11/site-packages/certifi/cacert.pem"
        file.parent.mkdir(parents=True)
        file.write_text("")
    for number in range(250):
        (home / f"p{number}").mkdir()
        (home / f"p{number}/cert9.db").write_text("none")
    (home / ".curlrc").write_text("cacert = /etc/passwd\n")
    shared = machine / "opt/shared"
    shared.mkdir(parents=True)
    os.mkfifo(shared / "cacerts")
    os.chown(shared / "cacerts", 1000, 1000)
    (machine / "etc/ssl/certs").mkdir(parents=True)
    (machine / "etc/ssl/certs/ca-certificates.crt").write_text("")
    _, found, _ = _look(pyz, machine)
    assert "this user has more stores" in " ".join(_why(found).values())
    assert _why(found)["/etc/passwd"]
    assert any(row["kind"] == "browser" or row["kind"] == "go" for row in found["rows"])
    assert found["complete"]


def test_what_cannot_be_written_is_no_finding(pyz: Path, machine: Path) -> None:
    """A full disk, no output at all, a number that is none, a damaged bundle: status 2, in one sentence."""
    damaged = machine / "damaged.pem"
    damaged.write_text("-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n")
    command = f"exec '{sys.executable}' -I '{pyz}' --root '{machine}'"
    for line, said in {
        f"{command} > /dev/full": "cannot be written: No space left",
        f"{command} >&-": "cannot be written: there is no standard output",
        f"{command} --seconds x": "is not between 1 and 3600",
        f"{command} --bundle '{damaged}'": "certificate 1 is damaged",
    }.items():
        done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False, env={})
        assert done.returncode == 2
        assert said in done.stderr
        assert "Traceback" not in done.stderr


def test_what_of_the_system_cannot_be_read_is_missed(pyz: Path, machine: Path) -> None:
    """Then the answer is not complete, and the text says what that means."""
    (machine / "etc/ssl/certs").mkdir(parents=True)
    os.mkfifo(machine / "etc/ssl/certs/ca-certificates.crt")
    _, found, _ = _look(pyz, machine)
    assert _why(found)["/etc/ssl/certs/ca-certificates.crt"] == "is no file"
    assert not found["complete"]
    done = subprocess.run(
        [sys.executable, "-I", pyz, "--root", machine], capture_output=True, text=True, check=False, env={}
    )
    assert "counts this host as lacking every CA" in done.stdout


def _deep(folder: Path, levels: int) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("d", dir_fd=descriptor)
        inner = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    os.close(descriptor)


def test_what_a_user_writes_stays_data(pyz: Path, machine: Path) -> None:
    """Names with line ends, quotes and escape codes, in every form that is printed."""
    name = 'x\n\x1b[2J"} 1\n# EOF\u202e'
    site = machine / "srv/mallory" / name / "lib/python3.11/site-packages/certifi"
    site.mkdir(parents=True)
    (site / "cacert.pem").write_text("")
    (machine / "srv/mallory/.curlrc").write_text("cacert = /srv/mallory/\x1b]0;x\x07\n")
    for option in ("--json", "--openmetrics", ""):
        words: list[str | Path] = [sys.executable, "-I", pyz, "--root", machine, *option.split()]
        done = subprocess.run(words, capture_output=True, check=False, env={})
        said = done.stdout.decode()
        assert done.stderr == b""
        assert not any(ord(sign) < 32 and sign != "\n" for sign in said)
        assert "\u202e" not in said
        if option == "--openmetrics":
            assert [line for line in said.splitlines() if line == "# EOF"] == ["# EOF"]
            assert all(line.startswith(("# ", "trust_")) for line in said.splitlines())


def test_no_secret_of_a_setting_is_told(pyz: Path, machine: Path) -> None:
    """Passwords in addresses, what stands where a path should, other variables, other options of Java's."""
    home = machine / "srv/mallory"
    (home / ".curlrc").write_text(f"user = me:{_SECRET}\ncacert = https://me:{_SECRET}@ca.example/x.pem\n")
    (home / ".gitconfig").write_text(f'[http "https://me:{_SECRET}@git.example"]\nsslVerify = false\n')
    (home / ".profile").write_text(
        f"export AWS_SECRET_ACCESS_KEY={_SECRET}\nexport SSL_CERT_FILE='{_SECRET} {{}} <>'\n"
        f"export JAVA_TOOL_OPTIONS='-Dx={_SECRET} -Djavax.net.ssl.trustStore=/t.jks "
        f"-Djavax.net.ssl.trustStorePassword={_SECRET}'\n"
    )
    _, found, _ = _look(pyz, machine)
    told = {(row["kind"], row["what"].partition(" ")[0]) for row in found["rows"]}
    assert {("curl", "cacert"), ("git", "http.sslVerify"), ("environment", "JAVA_TOOL_OPTIONS")} <= told


def test_a_huge_environment_and_a_folder_of_many_files_end(pyz: Path, machine: Path) -> None:
    """A login's file of megabytes, certificates with absurd lengths, and a .pth that nobody runs."""
    home = machine / "srv/mallory"
    (home / ".bashrc").write_text("SSL_CERT_FILE=/x\n" * 500_000)
    (home / ".profile").write_text("export NODE_OPTIONS=" + "-" * 900_000)
    site = home / "v/lib/python3.11/site-packages"
    (site / "certifi").mkdir(parents=True)
    (site / "certifi/cacert.pem").write_bytes(
        b"-----BEGIN CERTIFICATE-----\nMIL/////AAAA\n-----END CERTIFICATE-----\n" * 20_000
    )
    (site / "acme_certifi.pth").write_text("import os; os.mkdir('/tmp/owned-by-mallory')\n")
    _, found, _ = _look(pyz, machine)
    assert not Path("/tmp/owned-by-mallory").exists()  # noqa: S108  what the bomb would make
    assert found["seconds"] < 60
    assert not [why for why in _why(found).values() if "failed" in why]


def test_as_root_no_interpreter_is_asked(pyz: Path, machine: Path) -> None:
    """--run starts what anybody may have put there."""
    if os.geteuid() != 0:
        pytest.skip("this is about root")
    done = subprocess.run(
        [sys.executable, "-I", pyz, "--run", "--root", machine], capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"not as root" in done.stderr
