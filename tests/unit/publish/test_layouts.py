"""Where repositories that take files over HTTP want what Maven finds by its layout."""

from __future__ import annotations

import pytest

from builder.config.publishing import HttpSection
from builder.publish.layouts import of_section
from builder.publish.shipment import ReleaseFile

_URL = "https://repo.acme.example/maven"
_FOLDER = f"{_URL}/internal/acme/acme-ca/1.2026.10"


@pytest.mark.parametrize("profile", ["artifactory", "nexus", "gitea"])
@pytest.mark.parametrize(
    ("file", "kind"),
    [("acme-ca-1.2026.10.jar", "jar"), ("acme-ca-1.2026.10-sources.jar", "attached-jar"),
     ("acme-ca-1.2026.10.pom", "pom")],
    ids=["jar", "sources", "pom"],
)  # fmt: skip
def test_a_jar_and_what_comes_with_it_go_by_mavens_layout(profile: str, file: str, kind: str) -> None:
    """Below the group's folders, the artifact and the version."""
    section = HttpSection(url=f"{_URL}/", profile=profile)  # type: ignore[arg-type]
    place = of_section(section)(ReleaseFile(file, b"", "1.2026.10", "maven", kind, "internal.acme:acme-ca"))
    assert (place.method, place.upload, place.read) == ("PUT", f"{_FOLDER}/{file}", f"{_FOLDER}/{file}")


def test_plain_servers_get_every_file_side_by_side() -> None:
    """As they did: nothing is known of what they do with it."""
    section = HttpSection(url=_URL, profile="plain")
    found = of_section(section)(ReleaseFile("a-1.jar", b"", "1", "maven", "jar", "internal.acme:a"))
    assert found.upload == f"{_URL}/a-1.jar"
