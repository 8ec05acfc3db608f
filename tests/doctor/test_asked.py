"""With --run the doctor asks interpreters what they trust: as an ordinary user, and never as root."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import releases
from tests.doctor.machine import SOURCE, here
from tests.runtime.wheel.world import clients, run
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.prove.authority import Authority

_NOBODY = 65534


@pytest.fixture
def public() -> Iterator[Path]:
    """Make a folder that every user may read, with a copy of the doctor."""
    with tempfile.TemporaryDirectory(prefix="doctor-") as folder:
        path = Path(folder)
        path.chmod(0o755)
        shutil.copytree(SOURCE, path / "doctor", ignore=shutil.ignore_patterns("*.j2", "__pycache__"))
        yield path


def _ask(public: Path, home: Path, acme: Authority, *options: str) -> tuple[int, list[dict[str, Any]]]:
    """Run the doctor as an ordinary user whose home is `home`; return its status and its rows."""
    (public / "acme.pem").write_bytes(acme.pem)
    driver = public / "driver.py"
    driver.write_text(
        "import sys\nsys.path.insert(0, sys.argv.pop(1))\nsys.dont_write_bytecode = True\n"
        "from trust_doctor import host, main, walk\nwalk._BASES = ()\n"
        f"host.Host._own = lambda *_: ('somebody', {str(home)!r})\nsys.exit(main.main(sys.argv[1:]))\n"
    )
    words = ["/usr/bin/python3", "-I", str(driver), str(public / "doctor")]
    if os.geteuid() == 0:
        words = [require("setpriv"), f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups", *words]
    words += ["--json", "--bundle", str(public / "acme.pem"), *options]
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, env={"PATH": os.defpath}, timeout=200
    )
    assert done.returncode in {0, 1, 3}, done.stderr
    return done.returncode, json.loads(done.stdout)["rows"]


def test_an_environments_python_is_asked(public: Path, tmp_path: Path, acme: Authority) -> None:
    """Its default context holds the roots of an active wheel: what the files only suggest, it says."""
    home = public / "home"
    environment = home / "venv"
    run(["/usr/bin/python3", "-m", "venv", "--without-pip", environment])
    title = "what Python 3."
    _, rows = _ask(public, home, acme, "--run")
    [before] = [row for row in rows if row["what"].startswith(title) and row["where"].startswith(str(home))]
    assert set(before["states"].values()) == {"missing"}
    [wheel] = releases.build(tmp_path / "built", "acme", [acme], target="wheel", release="2026.1")
    python = environment / "bin/python"
    run([clients() / "bin" / "uv", "pip", "install", "--offline", "--no-index", "--python", python, wheel])
    _, rows = _ask(public, home, acme, "--run")
    [after] = [row for row in rows if row["what"].startswith(title) and row["where"].startswith(str(home))]
    assert set(after["states"].values()) == {"valid"}
    assert after["certificates"] == before["certificates"] + 1
    _, rows = _ask(public, home, acme)
    assert not [row for row in rows if row["what"].startswith("what ")]


def test_an_interpreter_that_hangs_or_floods_costs_its_own_row_only(public: Path, acme: Authority) -> None:
    """Whatever lies where an interpreter would is given a time and a size; the others are asked."""
    home = public / "home"
    programs = {
        "loud": "#!/bin/sh\nexec cat /dev/zero\n",
        "wrong": "#!/bin/sh\necho '[1]'\n",
        "rude": '#!/bin/sh\necho \'{"held": {"a": 1}, "folder": 7, "version": "x", "certifi": []}\'\n',
        "failing": "#!/bin/sh\nexit 1\n",
    }
    for name, text in programs.items():
        program = home / name / "bin/python"
        program.parent.mkdir(parents=True)
        program.write_text(text)
        program.chmod(0o755)
        (home / name / "lib/python3.12/site-packages").mkdir(parents=True)
    _, rows = _ask(public, home, acme, "--run")
    asked = [row["where"] for row in rows if row["what"].startswith("what Python")]
    assert [path for path in asked if path.startswith(str(home))] == [f"{home}/rude/bin/python"]
    assert "/usr/bin/python3" in asked


@pytest.mark.skipif(os.geteuid() != 0, reason="this is about root")
def test_root_never_asks(tmp_path: Path, acme: Authority, public: Path) -> None:
    """Anybody may have put an interpreter there: --run is refused, and nothing is started."""
    words = ["/usr/bin/python3", "-I", str(public / "doctor"), "--run"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env={})
    assert done.returncode == 2
    assert "not as root" in done.stderr
    program = tmp_path / "venv/bin/python"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    program.chmod(0o755)
    (tmp_path / "venv/lib/python3.12/site-packages").mkdir(parents=True)
    here(tmp_path / "venv").look(acme)
    assert not (tmp_path / "started").exists()
