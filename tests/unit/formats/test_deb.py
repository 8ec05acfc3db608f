"""Debian packages, as dpkg-deb reads them."""

from pathlib import Path
from typing import Any

import pytest

from builder import formats
from builder.model import File
from tests.unit import bundles
from tests.unit.formats.packages import HOSTILE, SCRIPT, SYSTEM, package, refusal, run


def test_a_deb_holds_files_script_and_fields(tmp_path: Path) -> None:
    """As dpkg-deb lists them: modes, owners, shell patterns taken literally, the organisation's fields."""
    file = tmp_path / "a.deb"
    metadata = {"depends": ["ca-certificates"], "section": "misc"}
    file.write_bytes(formats.write(package("deb", *SYSTEM, scripts=SCRIPT, metadata=metadata)))
    listed = [line.split() for line in run("dpkg-deb", "-c", file).splitlines()]
    found = {row[-1]: (row[0], row[1]) for row in listed}
    assert found["./usr/share/acme/roots.pem"] == ("-rw-r--r--", "root/root")
    assert found["./usr/share/acme/run"] == ("-rwxr-xr-x", "root/root")
    assert found["./usr/share/acme/*.odd[1]"] == ("-rw-r--r--", "root/root")
    fields = ("Package", "Version", "Maintainer", "Homepage", "Depends", "Section", "Description")
    values = [run("dpkg-deb", "-f", file, field).strip() for field in fields]
    assert values == [
        "acme-thing",
        "20261124.1",
        "Acme PKI <pki@acme.internal>",
        "https://pki.acme.internal/",
        "ca-certificates",
        "misc",
        "CA certificates of Acme",
    ]
    assert run("dpkg-deb", "-I", file, "postinst") == SCRIPT["postinstall"].decode()


def test_a_dollar_sign_is_kept(tmp_path: Path) -> None:
    """Nothing is expanded, in a file, a script or a field."""
    script = b'#!/bin/sh\necho "$HOME $1 ${PATH}"\n'
    file = tmp_path / "a.deb"
    file.write_bytes(
        formats.write(package("deb", File("/usr/share/a", b"$HOME\n"), scripts={"postinstall": script}))
    )
    assert run("dpkg-deb", "-I", file, "postinst").encode() == script
    run("dpkg-deb", "-x", file, tmp_path / "x")
    assert (tmp_path / "x/usr/share/a").read_bytes() == b"$HOME\n"


@pytest.mark.parametrize("summary", HOSTILE)
def test_a_summary_reads_back_from_deb(tmp_path: Path, summary: str) -> None:
    """As dpkg shows it."""
    file = tmp_path / "a.deb"
    organisation = bundles.organisation(summary=summary)
    file.write_bytes(formats.write(package("deb", *SYSTEM, organisation=organisation)))
    assert run("dpkg-deb", "-f", file, "Description").removesuffix("\n") == summary


def test_every_field_stands_where_dpkg_reads_it(tmp_path: Path) -> None:
    """Relations are joined by commas, and a description's empty line is a dot."""
    metadata = {
        "release": "2",
        "description": "Synopsis\nFirst.\n\nSecond.",
        "pre_depends": ["dpkg (>= 1.17)"],
        "depends": ["ca-certificates (>= 20230311) | ca-roots", "libc6:any"],
        "breaks": ["acme-old (<< 2)"],
        "multi_arch": "foreign",
        "bugs": "mailto:pki@acme.internal",
        "origin": "Acme",
    }
    file = tmp_path / "a.deb"
    file.write_bytes(formats.write(package("deb", *SYSTEM, metadata=metadata)))
    assert run("dpkg-deb", "-f", file) == (
        "Package: acme-thing\n"
        "Version: 20261124.1-2\n"
        "Architecture: all\n"
        "Maintainer: Acme PKI <pki@acme.internal>\n"
        "Installed-Size: 6\n"
        "Origin: Acme\n"
        "Bugs: mailto:pki@acme.internal\n"
        "Pre-Depends: dpkg (>= 1.17)\n"
        "Depends: ca-certificates (>= 20230311) | ca-roots, libc6:any\n"
        "Breaks: acme-old (<< 2)\n"
        "Multi-Arch: foreign\n"
        "Homepage: https://pki.acme.internal/\n"
        "Description: Synopsis\n First.\n .\n Second.\n"
    )


def test_a_summary_comes_before_the_description(tmp_path: Path) -> None:
    """Two keys, as an rpm has them, are Debian's one field."""
    file = tmp_path / "a.deb"
    metadata = {"summary": "One line", "description": "And more"}
    file.write_bytes(formats.write(package("deb", *SYSTEM, metadata=metadata)))
    assert run("dpkg-deb", "-f", file, "Description") == "One line\n And more\n"


def test_control_files_are_those_that_are_needed(tmp_path: Path) -> None:
    """Each file's sum, the triggers, and what an administrator's changes are kept of: all below /etc."""
    files = (File("/etc/acme.conf", b"x\n"), File("/usr/share/acme/a", b"y\n"))
    metadata = {"triggers": ["interest-noawait /usr/share/acme", "activate acme"]}
    file = tmp_path / "a.deb"
    file.write_bytes(formats.write(package("deb", *files, metadata=metadata)))
    run("dpkg-deb", "-e", file, tmp_path / "control")
    control = (path for path in (tmp_path / "control").iterdir() if path.name != "control")
    found = {path.name: path.read_text() for path in control}
    assert found == {
        "conffiles": "/etc/acme.conf\n",
        "md5sums": "401b30e3b8b5d629635a5c613cdb7919  etc/acme.conf\n"
        "009520053b00386d1173f3988c55d192  usr/share/acme/a\n",
        "triggers": "interest-noawait /usr/share/acme\nactivate acme\n",
    }


def test_a_recipe_may_choose_the_conffiles(tmp_path: Path) -> None:
    """Dpkg leaves a conffile when a package is removed: a file that makes clients trust must be none."""
    files = (File("/etc/acme.conf", b"x\n"), File("/usr/share/acme/a", b"y\n"))
    file = tmp_path / "a.deb"
    file.write_bytes(formats.write(package("deb", *files, metadata={"conffiles": []})))
    run("dpkg-deb", "-e", file, tmp_path / "control")
    assert not (tmp_path / "control/conffiles").exists()
    wanted = package("deb", *files, metadata={"conffiles": ["/etc/other"]})
    assert refusal(wanted)[0] == "recipe thing: conffiles: '/etc/other' is not a file of the package"


LONG = (
    File("/usr/share/" + "f" * 89, b"100 bytes"),
    File("/usr/share/" + "g" * 90, b"101"),
    File("/" + "d" * 90 + "/" + "e" * 60 + "/" + "n" * 100, b"253"),
)


def test_long_names_are_read_whole(tmp_path: Path) -> None:
    """A path of up to 255 bytes fits, if it can be split."""
    file = tmp_path / "a.deb"
    file.write_bytes(formats.write(package("deb", *LONG)))
    run("dpkg-deb", "-x", file, tmp_path / "x")
    assert [(tmp_path / "x" / one.path[1:]).read_bytes() for one in LONG] == [one.data for one in LONG]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "Acme"}, "'Acme' is not a .deb's name"),
        ({"name": "acme\nEssential: yes"}, "'acme\\u000aEssential: yes' is not a .deb's name"),
        ({"version": "1:2"}, "'1:2' is not a .deb's version"),
        ({"files": (File("/" + "x" * 101, b""),)}, f"./{'x' * 101}: is too long for a tar archive"),
        ({"files": (File("/" + "x" * 256, b""),)}, f"'/{'x' * 256}' has a name of more than 255 bytes"),
        ({"files": (File("usr/x", b""),)}, "'usr/x' is not an absolute path"),
        ({"files": (File("/usr/../x", b""),)}, "'/usr/../x' is not a plain path"),
        ({"files": (File("/a\nb", b""),)}, "'/a\\u000ab' is not an absolute path"),
        ({"files": (File("/a", b""), File("/a", b""))}, "two files have the path '/a'"),
        ({"files": (File("/a", b""), File("/a/b/c", b""))}, "'/a/b/c' lies below '/a', which is a file"),
        (
            {"organisation": bundles.organisation(contact_name="A\nEssential: yes")},
            "contact: 'A\\u000aEssential: yes <pki@acme.internal>' is not one line of visible text",
        ),
    ],
)
def test_what_a_deb_cannot_hold_is_refused(changes: dict[str, Any], message: str) -> None:
    """By a message that says whose it is."""
    wanted = package("deb", **({"files": SYSTEM} | changes))
    assert refusal(wanted)[0] == f"recipe thing: {message}"
