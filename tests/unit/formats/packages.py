"""Packages to write and read in tests of formats."""

import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from builder import formats
from builder.errors import ConfigError
from builder.model import File, Package
from tests.tools import NO_HOME, require
from tests.unit import bundles

EPOCH = 1_795_478_400
SYSTEM = (
    File("/usr/share/acme/roots.pem", b"pem\n"),
    File("/usr/share/acme", b"", 0o755, "dir"),
    File("/usr/share/acme/run", b"#!/bin/sh\n", 0o755),
    File("/usr/share/acme/*.odd[1]", b"odd\n"),
)
SCRIPT = {"postinstall": b"#!/bin/sh\nexit 0\n"}

# Names that quoting could spoil.
HOSTILE = [
    "Ümläut & Söhne 日本",
    "😀 Inc",
    'O\'Neil "Quoted" \\ Back',
    "{name} {{ x }} %s %(x)s",
    "- [a]: {b} # c",
    "x" * 300,
]


def package(container: str, *files: File, **fields: Any) -> Package:
    """Return a package of `files`."""
    plain = Package(
        target="thing",
        container=container,
        name="acme-thing",
        version="20261124.1",
        filename="acme-thing",
        epoch=EPOCH,
        organisation=bundles.organisation(),
        files=files,
    )
    return msgspec.structs.replace(plain, **fields)


def refusal(wanted: Package) -> tuple[str, str]:
    """Return message and hint of the ConfigError that writing ends in."""
    with pytest.raises(ConfigError) as caught:
        formats.write(wanted)
    return str(caught.value), caught.value.hint


def run(*command: str | Path) -> str:
    """Run a program that must succeed, and return what it says."""
    done = subprocess.run(
        [require(str(command[0])), *command[1:]],
        capture_output=True,
        text=True,
        check=True,
        env={"LANG": "C.UTF-8", "HOME": NO_HOME, "PATH": "/usr/bin:/bin"},
    )
    return done.stdout
