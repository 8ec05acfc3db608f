"""ORG-repository as its ecosystems' linters see it: each tag that remains has its reason."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from builder.repositories import repository_package
from tests.tools import NO_HOME, require
from tests.unit.repositories.ecosystems import shelves
from tests.unit.repositories.test_repository_package import CA, SITE

if TYPE_CHECKING:
    from pathlib import Path

_LINTERS = {
    "apt": ("lintian", "--no-cfg", "--allow-root", "--color=never", "--tag-display-limit=0"),
    "rpm": ("rpmlint",),
}
_TAG = {
    "apt": re.compile(r"^[EWI]: acme-repository: ([a-z0-9-]+)", re.MULTILINE),
    "rpm": re.compile(r"^acme-repository\.noarch: [EWI]: ([a-z0-9-]+)", re.MULTILINE),
}
_EXPLAINED = {
    "apt": {
        "file-in-etc-not-marked-as-conffile": "it would stay without its key, and fail every update",
        "package-installs-apt-sources": "it is what this package is for",
        "package-installs-apt-preferences": "it keeps the site from bringing others' packages",
        "changelog-not-compressed-with-max-compression": "deflate differs between zlib builds: it is stored",
    },
    "rpm": {
        "no-signature": "packages are signed in a later step",
        "no-documentation": "what is marked so, --excludedocs leaves out",
        "not-listed-as-documentation": "the README is no documentation to rpm, so that it is always there",
        "non-conffile-in-etc": "a rotation is to reach it whatever somebody has written into it",
        "invalid-license": "rpmlint of Debian does not know SPDX names",
    },
}


@pytest.mark.parametrize("ecosystem", _LINTERS)
def test_linters_find_what_is_explained(ecosystem: str, tmp_path: Path) -> None:
    """No tag is without a reason, and no reason is without its tag."""
    released = dict(repository_package.due(replace(SITE, time=1_790_000_000), {ecosystem: shelves.of(CA)}))[
        ecosystem
    ]
    file = tmp_path / released.filename
    file.write_bytes(released.data)
    program, *options = _LINTERS[ecosystem]
    done = subprocess.run(
        [require(program), *options, str(file)],
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": NO_HOME},
        capture_output=True,
        text=True,
        check=False,
    )
    assert set(_EXPLAINED[ecosystem]) == set(_TAG[ecosystem].findall(done.stdout)), done.stdout + done.stderr
