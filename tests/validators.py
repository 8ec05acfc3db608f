"""Programs that judge what is built for other programs: from PyPI, pinned, in an environment of their own.

`python -m tests.validators` makes it in ~/.cache/trustpack, beside the systems of tests/roots.py.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import subprocess
import venv
from pathlib import Path
from typing import Any

from tests import golang
from tests.roots import folder

_HERE = Path(__file__).parent / "pinned"
_PINNED = _HERE / "requirements.txt"
_TRUST_MANAGER = _HERE / "trust-manager"


def program(name: str) -> Path:
    """Return the path of one of them, made with all others if it is not there."""
    return _made() / "bin" / name


def run(
    name: str, *words: str | Path, cwd: Path | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run one of them without a network's settings or a home of this machine's; whatever it ends with."""
    home = _made()
    environment = {
        "PATH": f"{home}/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "HOME": "/nonexistent",
        "LANG": "C.UTF-8",
    }
    return subprocess.run(
        [str(home / "bin" / name), *map(str, words)],
        cwd=cwd,
        env={**environment, **more},
        capture_output=True,
        text=True,
        check=False,
    )


def _made() -> Path:
    home = folder() / f"validators-{hashlib.sha256(_PINNED.read_bytes()).hexdigest()[:8]}"
    folder().mkdir(parents=True, exist_ok=True)
    with (folder() / "validators.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "whole").exists():
            shutil.rmtree(home, ignore_errors=True)
            venv.create(home, with_pip=True)
            pip = [
                str(home / "bin" / "python"),
                "-m",
                "pip",
                "--disable-pip-version-check",
                "--quiet",
                "install",
            ]
            subprocess.run([*pip, "--require-hashes", "-r", str(_PINNED)], check=True)
            (home / "whole").touch()
    return home


def trust_manager_schema() -> dict[str, Any]:
    """Return the schema of a Bundle as trust-manager publishes it; any key that it has not is an error."""
    import yaml

    go = golang.compiler(_TRUST_MANAGER)
    said = subprocess.run(
        [go, "mod", "download", "-json", "github.com/cert-manager/trust-manager"],
        cwd=_TRUST_MANAGER,
        env=golang.environment(),
        capture_output=True,
        check=True,
    ).stdout
    file = Path(json.loads(said)["Dir"]) / "deploy/crds/trust.cert-manager.io_bundles.yaml"
    definition = yaml.safe_load(file.read_text("utf-8"))
    (version,) = definition["spec"]["versions"]
    top: dict[str, Any] = version["schema"]["openAPIV3Schema"]
    kind = {"const": definition["spec"]["names"]["kind"]}
    group = {"const": f"{definition['spec']['group']}/{version['name']}"}
    top["properties"] |= {"kind": kind, "apiVersion": group, "metadata": True}
    top["required"] = ["apiVersion", "kind", "metadata", "spec"]
    closed: dict[str, Any] = _closed(top)
    return closed


def _closed(schema: Any) -> Any:
    """Return a schema whose objects have no other keys than those that it names."""
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(each) for key, each in schema.items()}
    return closed | ({"additionalProperties": False} if isinstance(schema.get("properties"), dict) else {})


if __name__ == "__main__":
    program("python")
