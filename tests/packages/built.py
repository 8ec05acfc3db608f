"""What `trustpack build` made: the folder, its manifest, and the certificates that went in."""

from __future__ import annotations

import hashlib
import json
import os
import re
import ssl
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests import targets

if TYPE_CHECKING:
    from collections.abc import Mapping

DEMO = Path(__file__).parents[1] / "data" / "demo"
# Whether a certificate counts as expired is judged at this time in every test.
NOW = "2026-11-24T00:00:00Z"
_BLOCK = re.compile("-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True)
class Built:
    """A finished build; `fingerprints` are the SHA-256 of the certificates that must be in every package."""

    folder: Path
    manifest: Mapping[str, Any]
    fingerprints: frozenset[str]

    @property
    def slug(self) -> str:
        """The organisation's short name."""
        return str(self.manifest["organisation"])

    def file(self, target: str, suffix: str = "") -> Path:
        """Return the one artifact of `target` whose name ends in `suffix`."""
        (found,) = [str(a["file"]) for a in self.artifacts(target) if a["file"].endswith(suffix)]
        return self.folder / found

    def artifacts(self, target: str) -> list[dict[str, Any]]:
        """Return what the manifest says of each artifact of `target`."""
        return [artifact for artifact in self.manifest["artifacts"] if artifact["target"] == target]


def build(out: Path, *arguments: str | Path, expected: frozenset[str]) -> Built:
    """Run `trustpack build` with `arguments` for every target into `out`."""
    trustpack("build", *arguments, *targets.OPTIONS, "--out", out, "--now", NOW, "--quiet")
    return Built(out, json.loads((out / "manifest.json").read_text("utf-8")), expected)


def trustpack(*arguments: str | Path) -> str:
    """Run trustpack as a user would, and return its standard output."""
    return run(sys.executable, "-m", "builder", *arguments)


def run(*command: str | Path, cwd: Path | None = None, data: bytes | None = None, **more: str) -> str:
    """Run a program in a plain environment and return its standard output; fail the test if it fails."""
    with tempfile.TemporaryDirectory() as home:
        # Nothing of this machine's own trust or package settings: they would be tested instead.
        environment = {"PATH": os.environ["PATH"], "HOME": home, "LANG": "C.UTF-8", **more}
        done = subprocess.run(
            [str(word) for word in command],
            cwd=cwd,
            input=data,
            env=environment,
            capture_output=True,
            check=False,
        )
    output = done.stdout.decode("utf-8", "replace")
    errors = done.stderr.decode("utf-8", "replace")
    assert done.returncode == 0, f"{command}: {done.returncode}\n{output}\n{errors}"
    return output


def fingerprints(pem: bytes) -> frozenset[str]:
    """Return the SHA-256 of each certificate in `pem`, without judging any: public ones have odd serials."""
    blocks = _BLOCK.findall(pem.decode("ascii"))
    return frozenset(hashlib.sha256(ssl.PEM_cert_to_DER_cert(block)).hexdigest() for block in blocks)
