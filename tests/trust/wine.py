"""Wine, which stands in for a Windows that nobody has here, and a client in it that asks crypt32.

Newer Go than 1.21.0 wants a library that Debian 12's Wine lacks.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests import golang
from tests.roots import folder as cached
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_CLIENT = Path(__file__).parent / "windows"
_NEWEST = "go1.21.0"
_ABOUT_CERTIFICATE = re.compile(r"x509: |certificate")


@dataclass(frozen=True)
class Wine:
    """A folder that Wine takes for a Windows, and the client in it."""

    folder: Path
    client: Path

    def run(self, *words: str, code: int = 0) -> str:
        """Run a program of Windows; return what it prints, and fail the test where it exits otherwise."""
        done = subprocess.run(
            [require("wine"), *words],
            env=_environment(self.folder),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def accepted(self, asked: Sequence[str]) -> set[str]:
        """Return which of these servers, each NAME@HOST:PORT, are accepted; the others must be refused."""
        lines = self.run(str(self.client), *asked).splitlines()
        verdicts = dict(line.split(" ", 1) for line in lines)
        assert verdicts.keys() == {*asked}
        for verdict in verdicts.values():
            assert verdict == "accepted" or _ABOUT_CERTIFICATE.search(verdict), verdict
        return {word for word, verdict in verdicts.items() if verdict == "accepted"}

    def values(self, key: str) -> str:
        """Return what the machine's registry holds below a key, empty where there is none."""
        done = subprocess.run(
            [require("wine"), "reg", "query", rf"HKLM\{key}", "/s", "/reg:64"],
            env=_environment(self.folder),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        return done.stdout if done.returncode == 0 else ""


def _environment(folder: Path) -> dict[str, str]:
    # Nothing of this machine's: no display, and neither Mono nor Gecko, which Wine would ask for.
    return {
        "PATH": os.defpath,
        "HOME": str(folder),
        "WINEPREFIX": str(folder / "prefix"),
        "WINEDEBUG": "-all",
        "WINEDLLOVERRIDES": "mscoree,mshtml,winemenubuilder.exe=",
    }


@contextlib.contextmanager
def started(folder: Path) -> Iterator[Wine]:
    """Make a Windows of Wine's below `folder`, and end what runs in it."""
    client = _built(folder / "client.exe")
    wine = Wine(folder, client)
    try:
        wine.run("wineboot", "--init")
        yield wine
    finally:
        subprocess.run(["wineserver", "-k", "-w"], env=_environment(folder), check=False)
        shutil.rmtree(folder / "prefix", ignore_errors=True)  # 0.7 GB


def _built(program: Path) -> Path:
    go = require("go")
    environment = {**golang.environment(), "GOOS": "windows", "GOARCH": "amd64"}
    printed = subprocess.run([go, "version"], env=environment, capture_output=True, text=True, check=True)
    (version,) = re.findall(r" go1\.(\d+)", printed.stdout)
    if int(version) >= int(_NEWEST.split(".")[1]):
        # A toolchain comes as a module, whose digest Go asks a public log for and notes below GOPATH.
        environment |= {"GOTOOLCHAIN": _NEWEST, "GOPATH": str(cached() / "go-path")}
    command = [go, "build", "-trimpath", "-o", str(program), "."]
    done = subprocess.run(command, cwd=_CLIENT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return program
