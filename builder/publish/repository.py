"""A repository that takes each file by one HTTP request: Artifactory, Nexus, GitLab, Gitea, or any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.publish import credential as credentials
from builder.publish import public
from builder.publish.registry import PlannedRequest, PublishedFile, Registry
from builder.publish.web import refuse_clear_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from builder.config import HttpSection
    from builder.publish.credential import Credential
    from builder.publish.layouts import FilePlace
    from builder.publish.shipment import ReleaseFile
    from builder.publish.web import Web

_THERE = frozenset({409})  # another job was faster: what it has stored is looked at next


class Repository(Registry):
    """Files over HTTP; `place` says where each goes, and `takes` which of the release's it takes.

    `credential` returns what lets us in, or raises an error.
    """

    def __init__(
        self,
        name: str,
        url: str,
        *,
        place: Callable[[ReleaseFile], FilePlace],
        credential: Callable[[], Credential],
        web: Web,
        takes: Callable[[ReleaseFile], bool] = lambda _: True,
    ) -> None:
        self.name = name
        self.url = url
        self._place = place
        self._credential = credential
        self._web = web
        self._takes = takes

    def takes(self, file: ReleaseFile) -> bool:
        """Tell whether a file is for it."""
        return self._takes(file)

    def requests(self, files: Sequence[ReleaseFile]) -> Iterator[PlannedRequest]:
        """Yield the requests that publishing these files makes where nothing is there yet."""
        for file in files:
            place = self._place(file)
            yield PlannedRequest("GET", place.read, file.name)
            yield PlannedRequest(place.method, place.upload, file.name)

    def ready(self) -> None:
        """Raise an error where no credential is set."""
        refuse_clear_text(self.url)
        self._credential()

    def look(self, file: ReleaseFile) -> PublishedFile | None:
        """Return what is at a file's address; it may be kept elsewhere, where the credential does not go."""
        url = self._place(file).read
        reply = self._web.get(url, None if public.is_public(url) else self._credential())
        return None if reply.absent else PublishedFile(url, lambda: reply.body)

    def send(self, file: ReleaseFile) -> None:
        """Store a file."""
        place = self._place(file)
        self._web.send(place.method, place.upload, file.data, self._credential(), place.headers, taken=_THERE)


def http_credential(name: str, section: HttpSection, environment: Mapping[str, str]) -> Credential:
    """Return a password or token out of the variable that the configuration names."""
    source, value = credentials.variable(environment, section.variable)
    if not source:
        raise credentials.missing(f"publish.http.{name}", section.variable)
    return (
        credentials.basic(source, section.user, value) if section.user else credentials.bearer(source, value)
    )


def gitea_credential(environment: Mapping[str, str]) -> Credential:
    """Return a token of Gitea or Forgejo."""
    source, value = credentials.variable(environment, "GITEA_TOKEN")
    if not source:
        raise credentials.missing("publish.gitea", "GITEA_TOKEN")
    return credentials.bearer(source, value)


def gitlab_credential(environment: Mapping[str, str]) -> Credential:
    """Return a GitLab token: a person's, a project's, or a job's own."""
    name, value = credentials.variable(environment, "GITLAB_TOKEN")
    if name:
        return credentials.plain(name, value, "PRIVATE-TOKEN")
    name, value = credentials.variable(environment, "CI_JOB_TOKEN")
    if name:
        return credentials.plain(name, value, "JOB-TOKEN")
    raise credentials.missing("publish.gitlab", "GITLAB_TOKEN", "CI_JOB_TOKEN")
