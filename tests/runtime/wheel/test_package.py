"""The wheel as a package: its files and metadata, and what the ecosystem's own tools say of them."""

from __future__ import annotations

import sys
import zipfile
from typing import TYPE_CHECKING

from packaging.metadata import Metadata
from packaging.utils import parse_wheel_filename

from tests.runtime.wheel.world import run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.runtime.wheel.conftest import Wheels
    from tests.runtime.wheel.world import Environment

_START_UP = {"acme_certifi.pth", "acme_certifi.start"}
_CONSUMER = """
import ssl
import acme_certifi

path: str = acme_certifi.where()
text: str = acme_certifi.contents()
until: list[str] = [root["not_after"] for root in acme_certifi.certificates()]
context: ssl.SSLContext = acme_certifi.create_default_context()
active: bool = acme_certifi.activate()
"""


def _names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def _metadata(wheel: Path) -> Metadata:
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return Metadata.from_email(archive.read(name), validate=True)


def test_start_up_files_follow_the_setting(wheels: Wheels) -> None:
    """`activation: explicit` differs by the two start-up files that it lacks."""
    assert _names(wheels.acme) - _names(wheels.explicit) == _START_UP
    assert _names(wheels.explicit) - _names(wheels.acme) == set()


def test_metadata_is_valid(wheels: Wheels) -> None:
    """The core metadata passes the reference implementation and agrees with the file's name."""
    metadata = _metadata(wheels.acme)
    name, version, _, _ = parse_wheel_filename(wheels.acme.name)
    assert (metadata.name, metadata.version) == (name, version)
    assert metadata.metadata_version == "2.4"
    assert str(metadata.requires_python) == ">=3.9"
    assert metadata.requires_dist is None


def test_the_readme_tells_how_it_is_activated(wheels: Wheels) -> None:
    """The description of an explicit wheel does not promise that installing is enough."""
    promise = "Installing it is all there is to do"
    assert promise in (_metadata(wheels.acme).description or "")
    assert promise not in (_metadata(wheels.explicit).description or "")


def test_its_types_are_seen(installed: Environment, tmp_path: Path) -> None:
    """A strict type checker reads the types of the interface from the installed package."""
    consumer = tmp_path / "consumer.py"
    consumer.write_text(_CONSUMER)
    command: list[str | Path] = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", tmp_path / "cache"]
    said = run([*command, "--python-executable", installed.python, consumer], check=False).stdout
    assert said == "Success: no issues found in 1 source file\n"


def test_pip_check_is_content(installed: Environment) -> None:
    """`pip check` and `pip show --files` read the installed package."""
    shown = installed.pip("show", "--files", "acme-certifi")
    assert "acme_certifi.pth" in shown
    assert "No broken requirements found." in installed.pip("check")
