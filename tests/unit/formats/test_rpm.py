"""RPM packages, as rpm reads them, and their headers."""

from pathlib import Path
from typing import Any

import pytest

from builder import formats
from builder.formats.rpm import tags
from builder.formats.rpm.header import BINARY, Field, build, parse
from builder.formats.rpm.parts import join, split
from builder.model import Revision
from tests.unit import bundles
from tests.unit.formats.packages import EPOCH, HOSTILE, SCRIPT, SYSTEM, package, refusal, run


def test_an_rpm_holds_files_and_tags_and_no_build_host(tmp_path: Path) -> None:
    """Rpm lists modes and owners, and the machine that built it is not in it."""
    file = tmp_path / "a.rpm"
    file.write_bytes(formats.write(package("rpm", *SYSTEM, scripts=SCRIPT)))
    query = "[%{FILENAMES} %{FILEMODES:octal} %{FILEUSERNAME}:%{FILEGROUPNAME} %{FILEMTIMES}\\n]"
    rows = run("rpm", "-qp", "--nosignature", "--qf", query, file).splitlines()
    assert f"/usr/share/acme/roots.pem 100644 root:root {EPOCH}" in rows
    assert f"/usr/share/acme/run 100755 root:root {EPOCH}" in rows
    assert f"/usr/share/acme 40755 root:root {EPOCH}" in rows
    tags = "%{NAME} %{VERSION} %{BUILDHOST} %{VENDOR} %{LICENSE} %{URL} %{BUILDTIME}"
    assert run("rpm", "-qp", "--nosignature", "--qf", tags, file) == (
        f"acme-thing 20261124.1 trustpack.invalid Acme Apache-2.0 https://pki.acme.internal/ {EPOCH}"
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_an_organisations_name_reads_back_from_rpm(tmp_path: Path, name: str) -> None:
    """Quotes, backslashes, braces, percent signs and characters beyond U+FFFF all survive."""
    file = tmp_path / "a.rpm"
    file.write_bytes(formats.write(package("rpm", *SYSTEM, organisation=bundles.organisation(name=name))))
    assert run("rpm", "-qp", "--nosignature", "--qf", "%{VENDOR}", file) == name


def query(file: Path, form: str) -> str:
    """Return what rpm says of a package."""
    return run("rpm", "-qp", "--nosignature", "--qf", form, file)


def test_rpm_finds_every_digest_right(tmp_path: Path) -> None:
    """Header, payload, and both together; rpm takes it for a binary package."""
    file = tmp_path / "a.rpm"
    file.write_bytes(formats.write(package("rpm", *SYSTEM, scripts=SCRIPT)))
    assert run("rpm", "-K", "--nosignature", file) == f"{file}: digests OK\n"
    assert query(file, "%{SOURCERPM} %{PAYLOADCOMPRESSOR} %{ENCODING}") == (
        "acme-thing-20261124.1-1.src.rpm gzip utf-8"
    )


def test_relations_are_sorted_and_said_once(tmp_path: Path) -> None:
    """What is asked for twice, by the recipe and by a script, is one requirement with the flags of both."""
    scripts = {"postinstall": b"#!/bin/sh\n", "posttrans": b"#! /usr/bin/env -S\n"}
    metadata = {
        "release": "2",
        "depends": ["/bin/sh", "ca-certificates >= 2023", "config(x) = 1"],
        "recommends": ["p11-kit"],
        "conflicts": ["acme-old < 3"],
        "replaces": ["acme-old"],
        "provides": ["acme-roots = 1"],
    }
    file = tmp_path / "a.rpm"
    file.write_bytes(formats.write(package("rpm", *SYSTEM, scripts=scripts, metadata=metadata)))
    assert query(file, "[%{REQUIRENAME} %{REQUIREFLAGS:depflags} %{REQUIREVERSION}|]") == (
        "/bin/sh  |/usr/bin/env  |ca-certificates >= 2023|config(x) = 1|"
        "rpmlib(CompressedFileNames) <= 3.0.4-1|rpmlib(FileDigests) <= 4.6.0-1|"
        "rpmlib(PayloadFilesHavePrefix) <= 4.0-1|"
    )
    assert query(file, "[%{REQUIREFLAGS} ]").split()[:2] == [str(1 << 8 | 1 << 10), str(1 << 8 | 1 << 5)]
    assert query(file, "[%{PROVIDENEVRS}|][%{CONFLICTNEVRS}|][%{OBSOLETENEVRS}|][%{RECOMMENDNEVRS}|]") == (
        "acme-roots = 1|acme-thing = 20261124.1-2|acme-old < 3|acme-old|p11-kit|"
    )
    assert query(file, "[%{POSTTRANSPROG} ]") == "/usr/bin/env -S "


def test_the_changelog_is_of_the_day_in_every_time_zone(tmp_path: Path) -> None:
    """It is dated noon, as rpmbuild does."""
    history = (
        Revision("2", "2026-11-24", ("Trust A.", "Trust B.")),
        Revision("1", "2026-11-01", ("Trust C.",)),
    )
    file = tmp_path / "a.rpm"
    file.write_bytes(formats.write(package("rpm", *SYSTEM, history=history)))
    form = "[%{CHANGELOGTIME:day}|%{CHANGELOGNAME}|%{CHANGELOGTEXT}\\n]"
    said = "Acme PKI <pki@acme.internal>"
    assert query(file, form) == (
        f"Tue Nov 24 2026|{said} - 2-1|- Trust A.\n- Trust B.\nSun Nov 01 2026|{said} - 1-1|- Trust C.\n"
    )


def test_an_rpm_is_put_together_as_it_was_taken_apart() -> None:
    """Every byte of both headers comes back: signing may replace one and leave the other."""
    data = formats.write(package("rpm", *SYSTEM, scripts=SCRIPT))
    found = split(data)
    assert join(found) == data
    fields, end = parse("header", found.header, 0)
    assert end == len(found.header)
    assert build(tags.MAIN, fields) == found.header


def test_a_signature_is_added_to_finished_bytes(tmp_path: Path) -> None:
    """Header, payload and digests stay, and rpm finds all of the signature header where it should be."""
    data = formats.write(package("rpm", *SYSTEM))
    found = split(data)
    signature = {**found.signature, tags.SIG_RSA: Field(BINARY, (b"\x88\x01signature",))}
    signed = join(found._replace(signature=signature))
    again = split(signed)
    assert (again.header, again.payload, again.signature) == (found.header, found.payload, signature)
    file = tmp_path / "a.rpm"
    file.write_bytes(signed)
    assert run("rpm", "-K", "--nosignature", file).endswith("digests OK\n")


def test_a_package_without_files_is_one(tmp_path: Path) -> None:
    """It may still depend on others."""
    file = tmp_path / "a.rpm"
    file.write_bytes(formats.write(package("rpm")))
    assert run("rpm", "-qpl", "--nosignature", file) == "(contains no files)\n"
    assert run("rpm", "-K", "--nosignature", file).endswith("digests OK\n")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "-acme"}, "'-acme' is not an .rpm's name"),
        ({"version": "1-2"}, "'1-2' is not an .rpm's version"),
        (
            {"scripts": {"posttrans": b"#!/bin/sh -e -u\n"}},
            "'#!/bin/sh -e -u' is not a line that names the interpreter of script posttrans",
        ),
        ({"scripts": {"posttrans": b"#!/bin/sh\n\0"}}, "a text holds a null character"),
    ],
)
def test_what_an_rpm_cannot_hold_is_refused(changes: dict[str, Any], message: str) -> None:
    """By a message that says whose it is."""
    assert refusal(package("rpm", *SYSTEM, **changes))[0] == f"recipe thing: {message}"
