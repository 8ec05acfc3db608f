"""Where repositories that take files over HTTP want what Maven finds by its layout."""

from __future__ import annotations

import pytest

from builder.config.publishing import HttpSection
from builder.errors import ConfigError
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


@pytest.mark.parametrize(
    ("profile", "kind", "upload", "read"),
    [
        pytest.param(
            "artifactory", "conda", "noarch/a-1-0.conda", "noarch/a-1-0.conda", id="artifactory-conda"
        ),
        pytest.param("gitea", "conda", "a-1-0.conda", "noarch/a-1-0.conda", id="gitea-conda"),
        pytest.param("gitea", "go", "upload", "acme.internal/ca/@v/v1.1.0.zip", id="gitea-go"),
    ],
)
def test_a_conda_package_and_a_go_module_go_where_servers_index_them(
    profile: str, kind: str, upload: str, read: str
) -> None:
    """Gitea reads a module's name and version out of it."""
    section = HttpSection(url=_URL, profile=profile)  # type: ignore[arg-type]
    place = of_section(section)(ReleaseFile("a-1-0.conda", b"", "v1.1.0", kind, kind, "acme.internal/ca"))
    assert (place.method, place.upload, place.read) == ("PUT", f"{_URL}/{upload}", f"{_URL}/{read}")


@pytest.mark.parametrize(
    ("profile", "kind"),
    [("artifactory", "go"), ("nexus", "go"), ("nexus", "conda")],
    ids=["artifactory-go", "nexus-go", "nexus-conda"],
)
def test_what_a_server_would_not_index_is_refused(profile: str, kind: str) -> None:
    """With what has a place for it."""
    section = HttpSection(url=_URL, profile=profile)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="has no place for a-1"):
        of_section(section)(ReleaseFile("a-1", b"", "1", kind, kind, "acme.internal/ca"))


def test_plain_servers_get_every_file_side_by_side() -> None:
    """As they did: nothing is known of what they do with it."""
    section = HttpSection(url=_URL, profile="plain")
    found = of_section(section)(ReleaseFile("a-1.jar", b"", "1", "maven", "jar", "internal.acme:a"))
    assert found.upload == f"{_URL}/a-1.jar"
