"""What all formats have in common: what none can hold is refused, and bytes depend on nothing else."""

import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from builder import formats
from builder.model import File
from tests.unit.formats.packages import package, refusal

ROOT = Path(__file__).parents[3]


def test_an_unknown_container_names_the_nearest() -> None:
    """The error says which recipe asks for it."""
    assert refusal(package("wheell")) == (
        "recipe thing: container 'wheell' is not known",
        "did you mean 'wheel'?",
    )


@pytest.mark.parametrize("container", ["file", "gem", "tar", "wheel"])
@pytest.mark.parametrize("kind", ["scripts", "metadata"])
def test_what_a_format_has_no_place_for_is_refused(container: str, kind: str) -> None:
    """Scripts and metadata are never dropped silently, and the error says whose they are."""
    wanted = package(container, File("a", b"x"), output="one", **{kind: {"depends": b"#!/bin/sh\n"}})
    message = f"recipe thing, output one: container '{container}' has no {kind}"
    assert refusal(wanted) == (message, "")


def test_a_file_is_its_only_content() -> None:
    """A formula or PEM bundle is written as it is; two of them are an error."""
    assert formats.write(package("file", File("a", b"content"))) == b"content"
    assert refusal(package("file", File("a", b""), File("b", b"")))[0] == (
        "recipe thing: a 'file' output holds exactly one file, not 2"
    )


def test_a_tar_package_is_a_gzipped_tar() -> None:
    """Read by Python's own reader."""
    data = formats.write(package("tar", File("package/package.json", b"{}")))
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as found:
        assert found.getnames() == ["package/package.json"]


# What each writer made of these packages when its bytes were last meant to change. They are the same on every
# system and by every version of Python: CI compares them on Linux and macOS, from 3.11 on.
DIGESTS = {
    "apk": "aaa81d49ef9632ad9ee675cb8d29a23fa27a6bfeade5e968dbf4fc0c8916c66b",
    "deb": "95777fc3ba675953587f2c5d2245110d9bacfbc0efc63bc4773364a690e210c5",
    "oci": "e5ca5d295298b9f5f748576b6da929e7562eae3c871af9d6e5c8ea5a6315ebd6",
    "pacman": "9bd1dc18641e5d6a13ec606599431e704848ad62e6053d2e5d530627cf19d0ab",
    "rpm": "05db313e869b12fb9a238cc91c9eba163796a6e15bef5d7b4845163cb0d99b80",
}
PROGRAM = """
import os, sys, hashlib, json
sys.path.insert(0, sys.argv[1])
os.umask(int(sys.argv[2], 8))
from tests.unit.formats.packages import package, SYSTEM, SCRIPT
from builder import formats
found = {}
for container in ("apk", "deb", "oci", "pacman", "rpm"):
    scripts = {} if container in ("oci", "pacman") else SCRIPT
    data = formats.write(package(container, *SYSTEM, scripts=scripts))
    found[container] = hashlib.sha256(data).hexdigest()
print(json.dumps(found))
"""


@pytest.mark.parametrize(
    ("umask", "zone", "epoch"),
    [("022", "UTC", "1"), ("077", "Pacific/Kiritimati", "2"), ("000", "Asia/Tokyo", "3")],
)
def test_the_bytes_do_not_depend_on_the_machine(umask: str, zone: str, epoch: str) -> None:
    """Another umask, time zone, environment, system or version of Python makes the same packages."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, ROOT, umask],
        env={"TZ": zone, "LC_ALL": "C.UTF-8", "SOURCE_DATE_EPOCH": epoch},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == DIGESTS
