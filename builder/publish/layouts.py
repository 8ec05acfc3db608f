"""Where repositories that take files over HTTP want each, and where they have it then.

From the manuals of Artifactory (https://jfrog.com/help), Nexus (https://help.sonatype.com), GitLab
(https://docs.gitlab.com, "GitLab generic packages repository") and Gitea (https://docs.gitea.com/usage/packages):
read, and not tried with any of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from builder.errors import ConfigError
from builder.formats import conda, gomodule, jar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from builder.config import GiteaSection, GitLabSection, HttpSection
    from builder.publish.shipment import ReleaseFile
    from builder.release.manifest import Manifest

# What goes by Maven's layout; these servers make maven-metadata.xml themselves.
_MAVEN = (jar.KIND, jar.ATTACHED, "pom")
# What clients find by an index that these servers do not make of the file alone.
_NOWHERE = {
    "artifactory": {gomodule.KIND: "its own client, jf go-publish, lays a module's files out"},
    "nexus": {
        gomodule.KIND: "it hosts no Go modules, and only passes on what others have",
        conda.KIND: "it hosts no conda packages, and only passes on what others have",
    },
}
_OCTETS = {"Content-Type": "application/octet-stream"}


class FilePlace(msgspec.Struct, frozen=True):
    """The request that stores a file, and the address at which it is read."""

    upload: str
    read: str
    method: str = "PUT"
    headers: Mapping[str, str] = msgspec.field(default_factory=lambda: dict(_OCTETS))


def of_section(section: HttpSection) -> Callable[[ReleaseFile], FilePlace]:
    """Return where a configured repository wants a file."""
    url = section.url.rstrip("/")
    return {
        "plain": lambda file: _below(url, file),
        "artifactory": lambda file: _artifactory(url, section, file),
        "nexus": lambda file: _nexus(url, file),
        "gitea": lambda file: _gitea(url, file),
    }[section.profile]


def gitlab(section: GitLabSection, manifest: Manifest) -> Callable[[ReleaseFile], FilePlace]:
    """Return where a file is as a generic package of a GitLab project."""
    project = quote(section.project, safe="")
    url = f"{section.url.rstrip('/')}/api/v4/projects/{project}/packages/generic"
    return lambda file: _below(f"{url}/{manifest.organisation}/{manifest.release}", file)


def gitea(section: GiteaSection, manifest: Manifest) -> Callable[[ReleaseFile], FilePlace]:
    """Return where a file is as a generic package of an owner in Gitea or Forgejo."""
    url = f"{section.url.rstrip('/')}/api/packages/{section.owner}/generic"
    return lambda file: _below(f"{url}/{manifest.organisation}/{manifest.release}", file)


def _below(url: str, file: ReleaseFile) -> FilePlace:
    where = f"{url}/{_name(file)}"
    return FilePlace(where, where)


def _path(file: ReleaseFile) -> str:
    """Return where a repository of one format has a file: by Maven's layout, conda's, or just its name."""
    if file.format == conda.KIND:
        return f"noarch/{_name(file)}"
    if file.format not in _MAVEN:
        return _name(file)
    group, _, artifact = file.package.partition(":")
    return "/".join((group.replace(".", "/"), artifact, file.version, _name(file)))


def _refuse(profile: str, file: ReleaseFile) -> None:
    """Raise ConfigError for a format that a profile's servers have no place for."""
    if why := _NOWHERE[profile].get(file.format):
        raise ConfigError(
            f"publish.http: the profile {profile} has no place for {file.name}",
            hint=f"{why}; a site of trustpack's has one",
        )


def _artifactory(url: str, section: HttpSection, file: ReleaseFile) -> FilePlace:
    """Of a .deb, properties in the address say where the index lists it."""
    _refuse("artifactory", file)
    headers = _OCTETS | {"X-Checksum-Sha256": file.sha256}
    if file.format != "deb":
        where = f"{url}/{_path(file)}"
        return FilePlace(where, where, headers=headers)
    where = f"{url}/pool/{_name(file)}"
    properties = {
        "deb.distribution": section.distribution,
        "deb.component": section.component,
        "deb.architecture": file.architecture,
    }
    listed = "".join(f";{key}={quote(value, safe='')}" for key, value in properties.items())
    return FilePlace(f"{where}{listed}", where, headers=headers)


def _nexus(url: str, file: ReleaseFile) -> FilePlace:
    """Of a .deb, the server itself chooses the place, and has a header of its own."""
    _refuse("nexus", file)
    if file.format != "deb":
        where = f"{url}/{_path(file)}"
        return FilePlace(where, where)
    read = f"{url}/pool/{file.package[:1]}/{file.package}/{_name(file)}"
    return FilePlace(f"{url}/", read, "POST", {"Content-Type": "multipart/form-data"})


def _gitea(url: str, file: ReleaseFile) -> FilePlace:
    """Return where Gitea wants a package, whose name and version it reads out of it."""
    name = _name(file)
    architecture = quote(file.architecture, safe="")
    places = {
        "deb": FilePlace(f"{url}/upload", f"{url}/{name}"),
        "rpm": FilePlace(f"{url}/upload", f"{url}/package/{file.package}/{file.version}/{architecture}"),
        "apk": FilePlace(url, f"{url}/{architecture}/{name}"),
        "pacman": FilePlace(url, f"{url}/{architecture}/{name}"),
        conda.KIND: FilePlace(f"{url}/{name}", f"{url}/noarch/{name}"),
        gomodule.KIND: FilePlace(f"{url}/upload", f"{url}/{file.package}/@v/{file.version}.zip"),
        **dict.fromkeys(_MAVEN, FilePlace(f"{url}/{_path(file)}", f"{url}/{_path(file)}")),
    }
    if file.format not in places:
        raise ConfigError(
            f"publish.http: the profile gitea has no place for {file.name}",
            hint="name targets of system packages, .jar, .conda or Go modules; publish.gitea takes any file",
        )
    return places[file.format]


def _name(file: ReleaseFile) -> str:
    return quote(file.name, safe="")
