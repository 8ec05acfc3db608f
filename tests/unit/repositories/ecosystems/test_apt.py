"""A .deb of somebody else's making is called in apt's index as it is called here."""

from __future__ import annotations

import pytest

from builder import inspect
from builder.errors import PackageError
from builder.formats import ar, compression, tar
from builder.model import File
from builder.repositories import draft as drafts
from builder.repositories.draft import Draft
from builder.repositories.entry import Released
from builder.repositories.state import SiteState
from tests.unit.repositories.ecosystems import shelves

CONTROL = "Package: acme-ca\nVersion: 1\nArchitecture: all\nMaintainer: Acme <ca@acme.example>\n"


def package(control: str) -> bytes:
    """Return a .deb with this control file and no files."""
    root = File(".", b"", 0o755, "dir")
    inside = {
        "control.tar.gz": tar.write([root, File("./control", control.encode())], 1),
        "data.tar.gz": tar.write([root], 1),
    }
    members = {name: compression.gzip(data) for name, data in inside.items()}
    return ar.write({"debian-binary": b"2.0\n", **members}, 1)


@pytest.mark.parametrize(
    "more",
    [
        "package: bash\nversion: 99\n",
        "\nPackage: bash\n",
        "\r\nPackage: bash\n",
        "Description: a\n \nPackage: b\n",
    ],
)
def test_no_package_has_a_second_name_for_apt(more: str) -> None:
    """Of two fields that differ in capitals apt takes the second: it would offer another package."""
    assert "acme-ca" == inspect.unpack("a.deb", package(CONTROL)).name
    with pytest.raises(PackageError, match="is no field, or a duplicate entry"):
        inspect.unpack("a.deb", package(CONTROL + more))


def test_a_package_without_a_name_is_refused() -> None:
    """It is said of the file, and by no traceback."""
    data = package(CONTROL.replace("acme-ca", ""))
    publication = shelves.publication()
    empty = Draft(None, SiteState(organisation=publication.organisation, url=publication.url))
    with pytest.raises(PackageError, match=r"^a_1_all\.deb: "):
        drafts.admit(empty, "apt", Released("2026.1", "a_1_all.deb", data, "", 1), publication)
