"""The wheel, checked by twine and wheel, installed by pip."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from tests.packages.built import Built, run

if TYPE_CHECKING:
    from pathlib import Path

_COUNT = """
import hashlib, ssl, sys
module = __import__(sys.argv[1])
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.load_verify_locations(module.where())
for der in context.get_ca_certs(binary_form=True):
    print(hashlib.sha256(der).hexdigest())
"""


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an empty virtual environment."""
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", folder)
    return folder


def test_twine_accepts_it(built: Built) -> None:
    """What PyPI would check before taking it."""
    assert "PASSED" in run(
        sys.executable, "-m", "twine", "check", "--strict", built.file("wheel"), COLUMNS="300"
    )


def test_wheel_unpacks_it(built: Built, tmp_path: Path) -> None:
    """The reference tool agrees with every digest of RECORD."""
    run(sys.executable, "-m", "wheel", "unpack", "--dest", tmp_path, built.file("wheel"))
    (unpacked,) = tmp_path.iterdir()
    assert (unpacked / f"{built.slug}_certifi" / "roots.pem").is_file()


def test_pip_installs_and_uninstalls_it(built: Built, environment: Path) -> None:
    """Installed by pip, Python's own TLS loads exactly the bundle; uninstalled, no file is left."""
    (artifact,) = built.artifacts("wheel")
    python, module = environment / "bin" / "python", f"{built.slug}_certifi"
    pip = (python, "-m", "pip", "--disable-pip-version-check")
    before = {path for path in environment.rglob("*") if "__pycache__" not in path.parts}
    run(*pip, "install", "--no-index", "--no-deps", built.file("wheel"), cwd=environment)
    run(*pip, "check", cwd=environment)
    listed = {
        p["name"]: p["version"] for p in json.loads(run(*pip, "list", "--format=json", cwd=environment))
    }
    assert artifact["version"] == listed[artifact["name"]]
    found = run(python, "-c", _COUNT, module, cwd=environment).split()
    run(*pip, "uninstall", "--yes", artifact["name"], cwd=environment)
    assert len(built.fingerprints) == len(found)
    assert built.fingerprints == set(found)
    assert before == {path for path in environment.rglob("*") if "__pycache__" not in path.parts}
