"""Gems to a gem server: by gem; what is there is told by the compact index, or by the gem itself."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from builder.publish import credential as credentials
from builder.publish import identity, programs, public
from builder.publish.access import RegistryAccess
from builder.publish.registry import PlannedRequest, PublishedFile, Registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from builder.config import RubyGemsSection
    from builder.publish.credential import Credential
    from builder.publish.registry import Surroundings
    from builder.publish.shipment import ReleaseFile

_KEY = "GEM_HOST_API_KEY"
_IDENTITY = "RUBYGEMS_ID_TOKEN"
_EXCHANGE = "api/v1/oidc/trusted_publisher/exchange_token"
_INDEX_BYTES = 16 * 1024 * 1024


class RubyGems(Registry):
    """A gem server."""

    name = "rubygems"

    def __init__(self, section: RubyGemsSection, surroundings: Surroundings) -> None:
        """Take the configured server, or the public one."""
        self.url = f"{(section.url or public.UPLOADS[self.name].url).rstrip('/')}/"
        self._with = surroundings
        self._access = RegistryAccess(
            self.url, surroundings.environment, given=self._given, variables=(_KEY,),
            identity_in=_IDENTITY, exchange=self._exchanged,
        )  # fmt: skip

    def takes(self, file: ReleaseFile) -> bool:
        """Tell whether a file is a gem."""
        return file.format == "gem"

    def requests(self, files: Sequence[ReleaseFile]) -> Iterator[PlannedRequest]:
        """Yield the requests that publishing these files makes where nothing is there yet."""
        if self._access.exchanged:
            yield from self._access.requests()
            yield PlannedRequest("POST", f"{self.url}{_EXCHANGE}")
        for file in files:
            yield PlannedRequest("GET", self._info(file), file.name)
            yield PlannedRequest("GET", self._gem(file), file.name)
            yield PlannedRequest("POST", f"{self.url}api/v1/gems", file.name, "gem")

    def ready(self) -> None:
        """Raise an error where no credential is set, or gem is not there."""
        self._program()
        self._access.ready(f"publish.{self.name}")

    def look(self, file: ReleaseFile) -> PublishedFile | None:
        """Return what the server has as that version: not each one has a compact index."""
        web, url = self._with.web, self._gem(file)

        def read() -> bytes:
            return web.get(url, self._access.reader(self.url)).body

        info = web.get(self._info(file), self._access.reader(self.url), limit=_INDEX_BYTES, elsewhere=False)
        if not info.absent:
            found = public.compact_lines(info.body.decode("utf-8", "replace"))
            digest = found.get(file.version)
            return None if digest is None else PublishedFile(url, read, digest and f"sha256:{digest}")
        gem = web.get(url, self._access.reader(self.url))
        return None if gem.absent else PublishedFile(url, lambda: gem.body)

    def send(self, file: ReleaseFile) -> None:
        """Push a gem by gem."""
        credential = self._access.token()

        def words(_folder: Path, path: Path) -> list[str]:
            # It says the status of the answer only if it is to say much.
            return [self._program(), "push", "--verbose", "--host", self.url.rstrip("/"), str(path)]

        def variables(_folder: Path) -> Mapping[str, str]:
            return {_KEY: credential.secret}

        programs.run(file, words, variables, surroundings=self._with, credential=credential, url=self.url)

    def _program(self) -> str:
        return programs.find(self._with.environment, "gem")

    def _info(self, file: ReleaseFile) -> str:
        return f"{self.url}info/{quote(file.package, safe='')}"

    def _gem(self, file: ReleaseFile) -> str:
        return f"{self.url}gems/{quote(file.name, safe='')}"

    def _given(self) -> Credential | None:
        name, value = credentials.variable(self._with.environment, _KEY)
        return credentials.plain(name, value, "Authorization") if name else None

    def _exchanged(self, _package: str) -> Credential:
        web, environment = self._with.web, self._with.environment
        audience = urlsplit(self.url).hostname or ""
        job = identity.read(environment, web, variable=_IDENTITY, audience=audience)
        body = {"jwt": job.secret}
        token = identity.exchange(
            web, f"{self.url}{_EXCHANGE}", job, body=body, header=False, key="rubygems_api_key"
        )
        return credentials.plain(identity.SOURCE, token, "Authorization")
