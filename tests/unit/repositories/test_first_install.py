"""install.sh as text: short, checked by a linter, and the same whatever the releases are."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from builder.repositories import first_install
from builder.repositories.entry import SiteEntry
from builder.signing import generation, new
from builder.signing import site_keys as signing
from tests.tools import require
from tests.unit.repositories.ecosystems import shelves
from tests.unit.repositories.test_clients import UNSIGNED

if TYPE_CHECKING:
    from pathlib import Path

    from builder.repositories.publication import Publication

CA = SiteEntry("20261129", "acme-ca-certs", "20261129", "x", 1, "", "", 0)
SHELVES = dict.fromkeys(("apt", "rpm", "apk"), shelves.of(CA))


@pytest.fixture(scope="module")
def publication(tmp_path_factory: pytest.TempPathFactory) -> Publication:
    """Return a publication that is signed."""
    folder = tmp_path_factory.mktemp("keys") / "keys"
    pairs = (generation.make(3072), generation.make(3072))
    new.create(folder, organisation="acme", user_id="Acme <ca@acme.example>", time=1_790_000_000, pairs=pairs)
    return replace(UNSIGNED, keys=signing.read(folder))


def test_it_is_at_most_200_lines(publication: Publication) -> None:
    """Somebody reads it before they run it."""
    assert len(first_install.script(publication, SHELVES).splitlines()) <= 200


def test_shellcheck_finds_nothing(publication: Publication, tmp_path: Path) -> None:
    """It is plain POSIX sh."""
    script = tmp_path / "install.sh"
    script.write_bytes(first_install.script(publication, SHELVES))
    command = [require("shellcheck"), "--shell=sh", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_no_release_changes_it(publication: Publication) -> None:
    """A digest that people were told holds until a key, a name or the address changes."""
    later = replace(publication, time=2_000_000_000, expires=2_100_000_000, counter=99)
    newer = replace(CA, release="20270101", version="20270101")
    more = dict.fromkeys(SHELVES, shelves.of(CA, newer))
    assert first_install.script(publication, SHELVES) == first_install.script(later, more)


def test_it_carries_every_key_of_the_site(publication: Publication) -> None:
    """Byte for byte, so that nobody has to be asked for one."""
    text = first_install.script(publication, SHELVES).decode()
    assert publication.keys is not None
    for key in (publication.keys.certificate, *publication.keys.apk_keys.values()):
        assert f"={base64.b64encode(key).decode()}\n" in text


def test_it_tells_what_else_the_site_has(publication: Publication) -> None:
    """The package of a target of the organisation's own; of a system that has none nothing is said."""
    also = replace(CA, name="acme-appliance")
    theirs = replace(CA, name="bash")
    text = first_install.script(publication, {**SHELVES, "apt": shelves.of(also, CA, theirs)}).decode()
    assert "tool=apt ca_package=acme-ca-certs\n" in text
    assert "    apt) further=acme-appliance ;;\n    apk) further='' ;;\n" in text
    assert "further" not in first_install.script(publication, SHELVES).decode()


def test_an_unsigned_site_has_none(publication: Publication) -> None:
    """It could vouch for nothing; nor has a site that no system installs from."""
    assert b"" == first_install.script(UNSIGNED, SHELVES)
    assert b"" == first_install.script(publication, {"npm": shelves.of(CA)})


def test_a_system_without_a_package_is_told_so(publication: Publication) -> None:
    """The script for a site of .deb packages alone has no package for apk."""
    text = first_install.script(publication, {"apt": shelves.of(CA)}).decode()
    assert "tool=apt ca_package=acme-ca-certs\n" in text
    assert "tool=apk ca_package=''\n" in text


@pytest.mark.parametrize("lines", [first_install.command, first_install.command_without_curl])
def test_the_digest_is_checked_before_it_is_run(lines: object) -> None:
    """The command names the file that has the digest, and runs it behind `&&` alone."""
    assert callable(lines)
    text = lines("https://ca.acme.example", "ab" * 32)
    assert f"https://ca.acme.example/install-{'ab' * 32}.sh" in text
    assert text.rstrip().endswith(("&& sudo sh install.sh", "&& sh install.sh"))


def test_nobody_else_can_change_the_script_once_it_was_checked(tmp_path: Path) -> None:
    """People type these lines in /tmp, where another user may have made install.sh before them."""
    shared, genuine = tmp_path / "tmp", b"exit 0\n"
    shared.mkdir()
    programs = {
        "curl": "printf 'exit 0\\n' >install.sh",
        # Somebody changes the file that lies in the folder as soon as it was checked.
        "sha256sum": f'/usr/bin/sha256sum "$@" && echo touch {tmp_path}/owned >{shared}/install.sh',
        "sudo": 'exec "$@"',
    }
    for name, text in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    lines = first_install.command("https://ca.acme.example", hashlib.sha256(genuine).hexdigest())
    path = {"PATH": f"{tmp_path}:/usr/bin:/bin", "TMPDIR": str(tmp_path)}
    done = subprocess.run(["sh", "-c", lines], cwd=shared, env=path, capture_output=True, check=False)
    assert b"install.sh: OK\n" == done.stdout
    assert not (tmp_path / "owned").exists()


def test_no_text_weakens_a_check(publication: Publication) -> None:
    """Neither pipes a download into a shell nor lets a package manager take keys and packages on trust."""
    texts = [
        first_install.script(publication, SHELVES).decode(),
        first_install.command("https://ca.acme.example", "0" * 64),
        first_install.command_without_curl("https://ca.acme.example", "0" * 64),
    ]
    weak = r"gpg-auto-import-keys|allow-unauthenticated|\| *(ba)?sh\b|--nogpgcheck|allow-untrusted"
    assert [None] * 3 == [re.search(weak, text) for text in texts]
