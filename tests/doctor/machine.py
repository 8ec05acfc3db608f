"""A machine in a folder, or some folders of this one, and what the doctor says of it: run as users run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from builder.prove.authority import Authority

SOURCE = Path(__file__).parents[2] / "templates" / "doctor"
# Runs beside the doctor's code, on any Python; root is "/" where paths are to be as programs have them, and
# then the walk keeps to the folders that are the test's.
_DRIVER = """
import json, sys, time
sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
given = json.load(sys.stdin)
from trust_doctor import expected, names, scan, walk
walk._BASES = tuple(given["below"]) or walk._BASES
host = scan.host_of(given["root"], environ=given["environment"])
if given["below"]:
    host.homes = [tuple(each) for each in given["homes"]]
    host.files.homes[:] = [home for _, home in host.homes]
host.may_run = given["run"]
wanted = expected.of_bundle(given["pem"].encode("ascii"), given["organisation"], "20260101")
found = scan.examine(host, wanted._replace(packages=given["packages"]), time.time())
json.dump(found, sys.stdout)
"""
# What the packages of the organisation of these tests are called.
PACKAGES = {
    "deb": "acme-ca-certs",
    "wheel": "acme-certifi",
    "npm": "acme-ca",
    "gem": "acme-ca",
    "maven": "com.example:acme-ca",
    "conda": "acme-ca",
    "browsers-deb": "acme-ca-browsers",
}


@dataclass(frozen=True)
class Machine:
    """Where to look, and in which environment: all of `root`, or, of this machine, only what lies `below`."""

    root: str = "/"
    below: Sequence[Path] = ()
    homes: Sequence[Path] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def look(
        self, *authorities: Authority, python: str = sys.executable, run: bool = False
    ) -> dict[str, Any]:
        """Return the doctor's document, held against these CAs."""
        given = {
            "root": self.root,
            "below": [str(path) for path in self.below],
            "homes": [[path.name, str(path)] for path in self.homes],
            "environment": dict(self.environment),
            "pem": b"".join(each.pem for each in authorities).decode("ascii"),
            "organisation": "acme",
            "packages": PACKAGES,
            "run": run,
        }
        done = subprocess.run(
            [python, "-I", "-c", _DRIVER, str(SOURCE)],
            input=json.dumps(given),
            env={"PATH": os.defpath},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        failed = [each for each in found["unreadable"] if "part of the doctor failed" in each["why"]]
        assert failed == []
        return found

    def rows(self, kind: str, *authorities: Authority) -> list[dict[str, Any]]:
        """Return the rows of one kind."""
        return [row for row in self.look(*authorities)["rows"] if row["kind"] == kind]

    def row(self, kind: str, what: str, *authorities: Authority) -> dict[str, Any]:
        """Return the one row of a kind whose title begins so."""
        (found,) = [row for row in self.rows(kind, *authorities) if row["what"].startswith(what)]
        return found


def here(*below: Path, **environment: str) -> Machine:
    """Return this machine, looked at below some folders alone."""
    return Machine(below=below, environment=environment)


def state(row: Mapping[str, Any]) -> str:
    """Return the state of the one CA that a row was held against."""
    (found,) = row["states"].values()
    return str(found)
