"""Maven on a site: a range takes each release, checksums count, and the jar vouches for TLS."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import xml.etree.ElementTree as ET
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from builder.prove import authority
from builder.prove.server import server_context
from builder.repositories import site as sites
from tests import releases
from tests.repositories.clean import clean
from tests.repositories.sites import SLUG, Release
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from builder.prove.authority import Authority
    from tests.repositories.clean import Ran
    from tests.repositories.sites import Site

_NAME = "internal/acme/acme-ca"
_OLD, _NEW = "1.2026.10", "1.2026.11"
# What a dependency is: the jar, and what Spring Boot finds.
_BOTH = {f"acme-ca-{_OLD}.jar", f"acme-ca-{_OLD}-spring.jar"}
# Only the site is asked, and a file whose checksum differs is an error.
_SETTINGS = """
<settings>
  <mirrors><mirror><id>acme</id><mirrorOf>*</mirrorOf><url>{url}/maven</url></mirror></mirrors>
</settings>
"""
# What a project needs to be read at all, Maven resolves itself, without any plugin.
_PROJECT = """
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>test</groupId>
  <artifactId>project</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <pluginRepositories>
    <pluginRepository>
      <id>site</id>
      <url>{url}/maven</url>
      <releases><checksumPolicy>fail</checksumPolicy><updatePolicy>always</updatePolicy></releases>
    </pluginRepository>
  </pluginRepositories>
  <build>
    <extensions>
      <extension>
        <groupId>internal.acme</groupId>
        <artifactId>acme-ca</artifactId>
        <version>{version}</version>
      </extension>
    </extensions>
  </build>
</project>
"""


_UTILITIES = """
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>org.codehaus.plexus</groupId>
  <artifactId>plexus-utils</artifactId>
  <version>1.1</version>
</project>
"""


@dataclass(frozen=True)
class Jars:
    """Two releases of Acme's jar alone, and what somebody could put in the place of the first."""

    first: Release
    second: Release
    forged: Release


@pytest.fixture(scope="module")
def jars(tmp_path_factory: pytest.TempPathFactory) -> Jars:
    require("mvn")
    now = dt.datetime.now(dt.UTC)
    kept, new, forged = (authority.create(f"Acme {name}", now=now) for name in ("kept", "new", "forged"))
    return Jars(
        _release(tmp_path_factory.mktemp("first"), "2026.10", {"kept": kept}),
        _release(tmp_path_factory.mktemp("second"), "2026.11", {"kept": kept, "new": new}),
        _release(tmp_path_factory.mktemp("forged"), "2026.10", {"forged": forged}),
    )


def _release(folder: Path, version: str, authorities: Mapping[str, Authority]) -> Release:
    file = releases.build(folder, SLUG, [*authorities.values()], target="maven", release=version)[-1]
    return Release(file.parent, version, authorities)


def _resolve(folder: Path, site: Site, version: str, **environment: str) -> Ran:
    """Let Maven read a project that names the jar in a version or a range."""
    files = {
        "settings.xml": _SETTINGS.format(url=site.url),
        "pom.xml": _PROJECT.format(url=site.url, version=version),
    }
    _lay_utilities(folder / "repository")
    local = f"-Dmaven.repo.local={folder / 'repository'}"
    words = ["--batch-mode", "--strict-checksums", "--settings", "settings.xml", local, "validate"]
    return clean(folder, "mvn", *words, files=files, env=environment)


def _lay_utilities(repository: Path) -> None:
    """Lay an empty stand-in for what Maven 3 adds to each extension that does not name it."""
    folder = repository / "org" / "codehaus" / "plexus" / "plexus-utils" / "1.1"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / "plexus-utils-1.1.jar", "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\n\r\n")
    (folder / "plexus-utils-1.1.pom").write_text(_UTILITIES, "utf-8")


def _resolved(folder: Path) -> set[str]:
    return {path.name for path in (folder / "repository" / _NAME).glob("*/*.jar")}


def test_maven_follows_the_site(open_site: Callable[..., Site], jars: Jars, tmp_path: Path) -> None:
    """A range takes the newest release, and after another one that; a number stays."""
    site = open_site(jars.first)
    project = tmp_path / "project"
    assert _resolve(project, site, "[1.0,)").code == 0
    assert _resolved(project) == _BOTH
    site.add(jars.second)
    assert _resolve(project, site, "[1.0,)").code == 0
    assert f"acme-ca-{_NEW}.jar" in _resolved(project)
    pinned = tmp_path / "pinned"
    assert _resolve(pinned, site, _OLD).code == 0
    assert _resolved(pinned) == _BOTH
    jar = pinned / "repository" / _NAME / _OLD / f"acme-ca-{_OLD}.jar"
    assert jar.read_bytes() == jars.first.file("maven").read_bytes()


def test_a_withdrawn_release_is_in_no_range(
    open_site: Callable[..., Site], jars: Jars, tmp_path: Path
) -> None:
    """Its metadata does not have it any more; who has pinned it still finds it."""
    site = open_site(jars.first)
    site.add(jars.second)
    site.retire(jars.first)
    range_, pinned = tmp_path / "range", tmp_path / "pinned"
    assert _resolve(range_, site, f"[1.0,{_NEW})").code != 0
    assert _resolve(pinned, site, _OLD).code == 0


def test_a_forged_jar_is_refused(open_site: Callable[..., Site], jars: Jars, tmp_path: Path) -> None:
    """Where its checksum is still the old one's, and Maven is told that this counts."""
    site = open_site(jars.first)
    site.overwrite(site.path("maven", jars.first), jars.forged.file("maven").read_bytes())
    done = _resolve(tmp_path / "project", site, "[1.0,)")
    assert (done.code != 0, "Checksum validation failed" in done.out) == (True, True), done.out


def test_maven_itself_trusts_a_site_of_the_ca(
    open_site: Callable[..., Site], jars: Jars, tmp_path: Path
) -> None:
    """With MAVEN_OPTS, from a site over TLS whose certificate is of a CA in the jar; without it, never."""
    leaf = authority.issue(jars.first.authorities["kept"], ["127.0.0.1"], now=dt.datetime.now(dt.UTC))
    site = open_site(jars.first, context=server_context(leaf))
    assert site.url.startswith("https://")
    refused = _resolve(tmp_path / "refused", site, _OLD)
    assert (refused.code != 0, "PKIX path building failed" in refused.out) == (True, True), refused.out
    option = f"-javaagent:{jars.first.file('maven')}"
    accepted = _resolve(tmp_path / "accepted", site, "[1.0,)", MAVEN_OPTS=option)
    assert accepted.code == 0, accepted.out
    assert _resolved(tmp_path / "accepted") == _BOTH


def test_every_file_has_its_checksums(open_site: Callable[..., Site], jars: Jars) -> None:
    """Jar, project, sources, documentation and metadata; the metadata is what Maven's model says."""
    site = open_site(jars.first)
    site.add(jars.second)
    files = {path: data for path, data in site.snapshot().items() if path.startswith("maven/")}
    endings = tuple(f".{name}" for name in ("md5", "sha1", "sha256", "sha512"))
    plain = {path for path in files if not path.endswith(endings)}
    assert {re.sub(r".*acme-ca-1\.2026\.1[01]", "", path) for path in plain} == {
        ".jar",
        ".pom",
        "-javadoc.jar",
        "-sources.jar",
        "-spring.jar",
        f"maven/{_NAME}/maven-metadata.xml",
    }
    for path in plain:
        for ending in endings:
            digest = hashlib.new(ending[1:], files[path], usedforsecurity=False).hexdigest()
            assert files[f"{path}{ending}"].decode() == digest
    metadata = ET.fromstring(files[f"maven/{_NAME}/maven-metadata.xml"])  # noqa: S314  our own
    assert [one.text for one in metadata.iter("version")] == [_OLD, _NEW]
    assert [metadata.findtext(f"versioning/{key}") for key in ("latest", "release")] == [_NEW, _NEW]


def test_a_site_tells_how_to_get_the_jar(open_site: Callable[..., Site], jars: Jars) -> None:
    """By its address, and by the coordinates that Maven and Gradle know it by."""
    site = open_site(jars.first)
    found = sites.read(site.folder, site.keys)
    assert found is not None
    page = (site.folder / "index.html").read_text("utf-8")
    assert f"curl -fsSLo acme-ca.jar {site.url}/{site.path('maven', jars.first)}" in page
    assert "internal.acme:acme-ca" in page
