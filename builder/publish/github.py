"""A release's files attached to a release of a GitHub repository, by its REST API.

They come to a draft, published when it has all: to an immutable release nothing can be added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote, urlsplit

import msgspec

from builder.errors import PublishError
from builder.publish import credential as credentials
from builder.publish import public
from builder.publish.registry import PlannedRequest, PublishedFile, Registry
from builder.publish.web import refuse_clear_text
from builder.text import urls
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from builder.config import GitHubSection
    from builder.publish.credential import Credential
    from builder.publish.registry import Surroundings
    from builder.publish.shipment import ReleaseFile, Shipment

_T = TypeVar("_T")
_TOKENS = ("GITHUB_TOKEN", "GH_TOKEN")
_JSON = "application/vnd.github+json"
_HEADERS = {"Accept": _JSON, "Content-Type": "application/json", "X-GitHub-Api-Version": "2022-11-28"}
_BYTES = 16 * 1024 * 1024
_PAGE = 100
_PAGES = 100
_UPLOADED = "uploaded"  # what the server calls a file that has come whole


class _Asset(msgspec.Struct, frozen=True):
    id: int
    name: str
    state: str = _UPLOADED
    digest: str | None = None


class _Described(msgspec.Struct, frozen=True):
    full_name: str
    private: bool = False
    archived: bool = False


class _Release(msgspec.Struct, frozen=True):
    id: int
    tag_name: str
    draft: bool = False


class GitHub(Registry):
    """The releases of a repository."""

    name = "github"

    def __init__(
        self, section: GitHubSection, shipment: Shipment, surroundings: Surroundings, *, public_too: bool
    ) -> None:
        """Take the configured repository, at GitHub's own API if none is named.

        There, one that everybody reads is refused unless it may be `public_too`.
        """
        self._shipment = shipment
        self.url = f"{(section.url or public.UPLOADS[self.name].url).rstrip('/')}/repos/{section.repository}"
        self._repository = section.repository
        self._with = surroundings
        self._asks = public.is_public(self.url) and not public_too
        self._release: _Release | None = None

    def takes(self, file: ReleaseFile) -> bool:
        """Tell that every file is attached."""
        return bool(file.name)

    def requests(self, files: Sequence[ReleaseFile]) -> Iterator[PlannedRequest]:
        """Yield the requests that publishing these files makes where nothing is there yet."""
        yield PlannedRequest("GET", self.url)
        yield PlannedRequest("GET", f"{self.url}/releases?per_page={_PAGE}&page=1")
        yield PlannedRequest("POST", f"{self.url}/releases")
        yield PlannedRequest("GET", f"{self.url}/releases/ID/assets?per_page={_PAGE}&page=1")
        for file in files:
            yield PlannedRequest("POST", self._upload("ID", file), file.name)
        yield PlannedRequest("PATCH", f"{self.url}/releases/ID")

    def ready(self) -> None:
        """Raise an error where no token is set."""
        refuse_clear_text(self.url)
        self._credential()

    def begin(self) -> None:
        """Find the release by its tag, or make a draft of it."""
        self._refuse_repository()
        tag = self._shipment.manifest.release
        found = self._find(tag)
        if found is None:
            wanted = {"tag_name": tag, "name": tag, "body": self._shipment.notes, "draft": True}
            environment = self._with.environment
            if environment.get("GITHUB_REPOSITORY") == self._repository and environment.get("GITHUB_SHA"):
                wanted["target_commitish"] = environment["GITHUB_SHA"]  # what was built, not what came since
            reply = self._with.web.send(
                "POST", f"{self.url}/releases", msgspec.json.encode(wanted), self._credential(), _HEADERS
            )
            made = _decoded(reply.body, _Release, reply.url)
            # Another job may have made one meanwhile: the first is everybody's.
            found = self._find(tag) or made
            if found.id != made.id:
                self._with.web.send(
                    "DELETE", f"{self.url}/releases/{made.id}", b"", self._credential(), _HEADERS
                )
        self._release = found

    def look(self, file: ReleaseFile) -> PublishedFile | None:
        """Return what is attached under a file's name; what has not come whole is taken away."""
        release = self._there
        for asset in self._listed(f"{self.url}/releases/{release.id}/assets", _Asset):
            if asset.name != file.name:
                continue
            return self._attached(f"{self.url}/releases/assets/{asset.id}", asset)
        return None

    def _attached(self, url: str, asset: _Asset) -> PublishedFile | None:
        if asset.state != _UPLOADED:
            self._with.web.send("DELETE", url, b"", self._credential(), _HEADERS)
            return None
        return PublishedFile(url, lambda: self._read(url), asset.digest or "")

    def send(self, file: ReleaseFile) -> None:
        """Attach a file."""
        headers = {"Accept": _JSON, "Content-Type": "application/octet-stream"}
        self._with.web.send(
            "POST", self._upload(str(self._there.id), file), file.data, self._credential(), headers
        )

    def finish(self) -> None:
        """Publish the draft."""
        if self._there.draft:
            body = msgspec.json.encode({"draft": False})
            self._with.web.send(
                "PATCH", f"{self.url}/releases/{self._there.id}", body, self._credential(), _HEADERS
            )

    def _refuse_repository(self) -> None:
        """Raise ConfigError where everybody reads it, and PublishError where it takes nothing."""
        where, section = urls.shown(self.url), f"publish.{self.name}.repository"
        reply = self._with.web.get(self.url, self._credential(), accept=_JSON, limit=_BYTES, elsewhere=False)
        if reply.absent:
            raise PublishError(
                f"{where}: there is no such repository, or the token may not see it",
                hint=f"look at {section}, and at what the token is for",
            )
        found = _decoded(reply.body, _Described, self.url)
        if self._asks and not found.private:
            raise public.refusal(self.name, self.url)
        if found.full_name.lower() != self._repository.lower():
            # Readers are redirected; what is sent is not, and the old name may become somebody else's.
            raise PublishError(
                f"{where}: is {visible(found.full_name)} now", hint=f"write that into {section}"
            )
        if found.archived:
            raise PublishError(
                f"{where}: is archived, and takes no release", hint=f"name another in {section}"
            )

    @property
    def _there(self) -> _Release:
        if self._release is None:
            raise PublishError(f"{urls.shown(self.url)}: has no release yet")
        return self._release

    def _find(self, tag: str) -> _Release | None:
        """Return the release of a tag: among all, because a draft is not found by its tag."""
        found = (one for one in self._listed(f"{self.url}/releases", _Release) if one.tag_name == tag)
        return min(found, key=lambda one: (one.draft, one.id), default=None)

    def _listed(self, url: str, kind: type[_T]) -> Iterator[_T]:
        for page in range(1, _PAGES):
            where = f"{url}?per_page={_PAGE}&page={page}"
            reply = self._with.web.get(where, self._credential(), accept=_JSON, limit=_BYTES, elsewhere=False)
            listed = [] if reply.absent else _decoded(reply.body, list[kind], where)  # type: ignore[valid-type]
            yield from listed
            if len(listed) < _PAGE:
                break

    def _read(self, url: str) -> bytes:
        return self._with.web.get(url, self._credential(), accept="application/octet-stream").body

    def _upload(self, release: str, file: ReleaseFile) -> str:
        """Return where a file is attached; it is not taken from an answer, which could name any host."""
        parts = urlsplit(self.url)
        own = public.UPLOADS[self.name]
        if parts.hostname == urlsplit(own.url).hostname:
            base = f"{own.files}repos/{self._repository}"
        elif "/api/v3/" in self.url:
            base = self.url.replace("/api/v3/", "/api/uploads/", 1)
        else:
            base = self.url
        return f"{base}/releases/{release}/assets?name={quote(file.name, safe='')}"

    def _credential(self) -> Credential:
        name, value = credentials.variable(self._with.environment, *_TOKENS)
        if not name:
            raise credentials.missing(f"publish.{self.name}", *_TOKENS)
        return credentials.bearer(name, value)


def _decoded(body: bytes, kind: type[_T], url: str) -> _T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError:
        raise PublishError(f"{urls.shown(url)}: answers what GitHub would not") from None
