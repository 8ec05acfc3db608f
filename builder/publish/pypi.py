"""Wheels to a package index of Python: the upload API by uv or twine, the simple index (PEP 503, 691)."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import urldefrag, urljoin, urlsplit

import msgspec

from builder.errors import PublishError
from builder.publish import credential as credentials
from builder.publish import identity, programs, public
from builder.publish.access import RegistryAccess
from builder.publish.registry import PlannedRequest, PublishedFile, Registry
from builder.text import urls

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from builder.config import PyPISection
    from builder.publish.credential import Credential
    from builder.publish.registry import Surroundings
    from builder.publish.shipment import ReleaseFile
    from builder.publish.web import HttpReply

_ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.5, text/html;q=0.1"
_TOKEN = "UV_PUBLISH_TOKEN"  # noqa: S105  a variable's name
_PASSWORDS = {"UV_PUBLISH_PASSWORD": "UV_PUBLISH_USERNAME", "TWINE_PASSWORD": "TWINE_USERNAME"}
_IDENTITY = "PYPI_ID_TOKEN"
_INDEX_BYTES = 64 * 1024 * 1024
_DIGEST = re.compile(r"(sha(?:256|384|512))=([0-9a-f]+)")


class PyPI(Registry):
    """A package index of Python."""

    name = "pypi"

    def __init__(self, section: PyPISection, surroundings: Surroundings) -> None:
        """Take the configured index, or the public one."""
        default = public.UPLOADS[self.name]
        self.url = section.url or default.url
        index = section.index or (
            f"{self.url.rstrip('/')}/simple/"
            if section.url
            else f"{public.REGISTRIES[self.name].url}/simple/"
        )
        self._index = f"{index.rstrip('/')}/"
        self._with = surroundings
        self._access = RegistryAccess(
            self.url, surroundings.environment, given=self._given, variables=(_TOKEN, *_PASSWORDS),
            identity_in=_IDENTITY, exchange=self._exchanged,
        )  # fmt: skip

    def takes(self, file: ReleaseFile) -> bool:
        """Tell whether a file is a wheel."""
        return file.format == "wheel"

    def requests(self, files: Sequence[ReleaseFile]) -> Iterator[PlannedRequest]:
        """Yield the requests that publishing these files makes where nothing is there yet."""
        if self._access.exchanged:
            yield PlannedRequest("GET", self._oidc("audience"))
            yield from self._access.requests()
            yield PlannedRequest("POST", self._oidc("mint-token"))
        program = self._program().rsplit("/", 1)[-1]
        for file in files:
            yield PlannedRequest("GET", self._page(file), file.name)
            yield PlannedRequest("POST", self.url, file.name, program)

    def ready(self) -> None:
        """Raise an error where no credential is set, or neither uv nor twine is there."""
        self._program()
        self._access.ready(f"publish.{self.name}")

    def look(self, file: ReleaseFile) -> PublishedFile | None:
        """Return what the simple index has under a file's name."""
        page = self._page(file)
        # An index may send us to a public one for what it lacks: that is not there.
        reply = self._with.web.get(
            page, self._access.reader(page), accept=_ACCEPT, limit=_INDEX_BYTES, elsewhere=False
        )
        found = None if reply.absent else _files(reply).get(file.name)
        if found is None:
            return None
        url, digest = found
        return PublishedFile(url, lambda: self._with.web.get(url, self._access.reader(url)).body, digest)

    def send(self, file: ReleaseFile) -> None:
        """Upload a file by uv or twine."""
        program, credential = self._program(), self._access.token()

        def words(_folder: Path, path: Path) -> list[str]:
            if program.endswith("uv"):
                return [program, "publish", "--trusted-publishing", "never", str(path)]
            return [program, "upload", "--non-interactive", "--disable-progress-bar", str(path)]

        def variables(folder: Path) -> Mapping[str, str]:
            prefix = "UV_PUBLISH" if program.endswith("uv") else "TWINE"
            where = {"UV_PUBLISH_URL": self.url, "TWINE_REPOSITORY_URL": self.url}
            quiet = {"UV_NO_CONFIG": "1", "UV_NO_PROGRESS": "1", "UV_CACHE_DIR": f"{folder}/cache"}
            late = {"UV_HTTP_TIMEOUT": f"{max(1, int(self._with.web.seconds))}", "UV_HTTP_RETRIES": "0"}
            who = {f"{prefix}_USERNAME": credential.user, f"{prefix}_PASSWORD": credential.secret}
            return {**where, **quiet, **late, **who}

        programs.run(file, words, variables, surroundings=self._with, credential=credential, url=self.url)

    def _program(self) -> str:
        return programs.find(self._with.environment, "uv", "twine")

    def _page(self, file: ReleaseFile) -> str:
        return f"{self._index}{re.sub(r'[-_.]+', '-', file.package).lower()}/"

    def _oidc(self, what: str) -> str:
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}/_/oidc/{what}"

    def _given(self) -> Credential | None:
        environment = self._with.environment
        name, value = credentials.variable(environment, _TOKEN)
        if name:
            return credentials.basic(name, credentials.TOKEN_USER, value)
        for password, user in _PASSWORDS.items():
            name, value = credentials.variable(environment, password)
            if name:
                _, who = credentials.variable(environment, user)
                return credentials.basic(name, who or credentials.TOKEN_USER, value)
        return None

    def _exchanged(self, _package: str) -> Credential:
        web, url = self._with.web, self._oidc("audience")
        audience = identity.text(web.get(url, elsewhere=False).body, "audience", url)
        job = identity.read(self._with.environment, web, variable=_IDENTITY, audience=audience)
        token = identity.exchange(
            web, self._oidc("mint-token"), job, body={"token": job.secret}, header=False, key="token"
        )
        return credentials.basic(identity.SOURCE, credentials.TOKEN_USER, token)


def _files(reply: HttpReply) -> dict[str, tuple[str, str]]:
    """Return the address and the digest of each file on a project's page of a simple index."""
    if reply.body.lstrip().startswith(b"{"):
        try:
            listed = msgspec.json.decode(reply.body, type=dict[str, Any])["files"]
            return {
                one["filename"]: (urljoin(reply.url, one["url"]), _strongest(one["hashes"])) for one in listed
            }
        except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
            raise PublishError(f"{urls.shown(reply.url)}: is no simple index") from None
    page = _Page()
    page.feed(reply.body.decode("utf-8", "replace"))
    found = {}
    for name, link in page.links:
        url, fragment = urldefrag(urljoin(reply.url, link))
        stated = _DIGEST.fullmatch(fragment)
        found[name] = (url, f"{stated[1]}:{stated[2]}" if stated else "")
    return found


def _strongest(digests: Mapping[str, str]) -> str:
    return next(
        (f"{name}:{digests[name]}" for name in ("sha256", "sha512", "sha384") if digests.get(name)), ""
    )


class _Page(HTMLParser):
    """The links of an HTML page, each with its text, which is a file's name."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[tuple[str, str]] = []
        self._link: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._link = dict(attrs).get("href")

    def handle_data(self, data: str) -> None:
        if self._link is not None and data.strip():
            self.links.append((data.strip(), self._link))
            self._link = None
