"""npm packages to a registry: by npm, which takes what is there already for an error, so we look first."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import msgspec

from builder.errors import PublishError
from builder.publish import credential as credentials
from builder.publish import identity, programs, public
from builder.publish.access import RegistryAccess
from builder.publish.registry import PlannedRequest, PublishedFile, Registry
from builder.release.atomic import put
from builder.text import urls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from builder.config import NpmSection
    from builder.publish.credential import Credential
    from builder.publish.registry import Surroundings
    from builder.publish.shipment import ReleaseFile

_TOKENS = ("NODE_AUTH_TOKEN", "NPM_TOKEN")
_IDENTITY = "NPM_ID_TOKEN"
_SECRET = "TRUSTPACK_NPM_TOKEN"  # noqa: S105  the variable that .npmrc names
_PACKUMENT_BYTES = 64 * 1024 * 1024
_OLDER = "previous"  # the tag of what must not become what people get who name no version
_INTEGRITY = re.compile(r"(sha512|sha384|sha256)-([A-Za-z0-9+/]+=*)")


class Npm(Registry):
    """An npm registry."""

    name = "npm"

    def __init__(self, section: NpmSection, surroundings: Surroundings) -> None:
        """Take the configured registry, or the public one."""
        self.url = f"{(section.url or public.UPLOADS[self.name].url).rstrip('/')}/"
        self._with = surroundings
        self._access = RegistryAccess(
            self.url, surroundings.environment, given=self._given, variables=_TOKENS,
            identity_in=_IDENTITY, exchange=self._exchanged,
        )  # fmt: skip

    def takes(self, file: ReleaseFile) -> bool:
        """Tell whether a file is an npm package."""
        return file.format == "npm"

    def requests(self, files: Sequence[ReleaseFile]) -> Iterator[PlannedRequest]:
        """Yield the requests that publishing these files makes where nothing is there yet."""
        for file in files:
            yield PlannedRequest("GET", self._document(file), file.name)
            yield PlannedRequest("GET", self._tarball(file), file.name)
            if self._access.exchanged:
                yield from self._access.requests()
                yield PlannedRequest("POST", self._oidc(file.package), file.name)
            yield PlannedRequest("PUT", self._document(file))
            yield PlannedRequest("PUT", self._document(file), file.name, "npm")

    def ready(self) -> None:
        """Raise an error where no credential is set, or npm is not there."""
        self._program()
        self._access.ready(f"publish.{self.name}")

    def look(self, file: ReleaseFile) -> PublishedFile | None:
        """Return what the registry has as that version."""
        found = self._versions(file).get(file.version)
        if found is None:
            return None
        try:
            dist = found["dist"]
            url, integrity = dist["tarball"], _INTEGRITY.search(dist.get("integrity") or "")
        except (KeyError, TypeError, AttributeError):
            raise PublishError(f"{urls.shown(self._document(file))}: is no npm package's document") from None
        digest = f"{integrity[1]}:{base64.b64decode(integrity[2]).hex()}" if integrity else ""
        reply = self._with.web.get(url, self._access.reader(url))
        published = PublishedFile(url, lambda: reply.body, digest)
        # The digest is what a client said of its package. verdaccio was seen to keep another job's beside it.
        if published.is_(file.data) and reply.body != file.data:
            what = "does not have" if reply.absent else "is not"
            raise PublishError(
                f"{urls.shown(url)}: {what} the {file.name} of which the registry tells our digest",
                hint="if that stays so, have it removed there, or build a release of a higher number",
            )
        return published

    def send(self, file: ReleaseFile) -> None:
        """Publish a package by npm."""
        # npm follows a redirect with the package, and with the token where only port or scheme is another.
        # What it reads is no sign of that: GitLab redirects readers to the public registry for what it lacks.
        self._with.web.refuse_moved("PUT", self._document(file))
        newer = self._newer(file)
        # A package in a scope is nobody else's to read unless that is said.
        shared = file.package.startswith("@") and public.is_public(self.url)
        options = [
            "--ignore-scripts",
            *(["--access", "public"] if shared else []),
            *(["--tag", _OLDER] if newer else []),
        ]
        # An absolute path: "dist/x.tgz" would be the name of a git repository.
        self._run(file, lambda path: ["publish", str(path), *options])
        after = self._newer(file)
        if after and not newer:
            # Another job has published it meanwhile, and both took theirs for the newest.
            self._run(file, lambda _: ["dist-tag", "add", f"{file.package}@{after}", "latest"])

    def _newer(self, file: ReleaseFile) -> str:
        """Return the newest version that the registry has, if it is newer than a file's."""
        newest = max(self._versions(file), key=_number, default="")
        return newest if _number(newest) > _number(file.version) else ""

    def _run(self, file: ReleaseFile, words: Callable[[Path], Sequence[str]]) -> None:
        credential = self._access.token(file.package)

        def command(_folder: Path, path: Path) -> list[str]:
            return [self._program(), *words(path), "--registry", self.url]

        def variables(folder: Path) -> Mapping[str, str]:
            parts = urlsplit(self.url)
            reference = f"//{parts.netloc}{parts.path}:_authToken=${{{_SECRET}}}\n"
            put(folder / ".npmrc", reference.encode("ascii"), mode=0o600)
            settings = {
                "userconfig": f"{folder}/.npmrc",
                "globalconfig": f"{folder}/none",  # the machine's could name another registry for a scope
                "cache": f"{folder}/cache",
                "update_notifier": "false",
                "fetch_retries": "0",
                "fetch_timeout": f"{int(self._with.web.seconds * 1000)}",
            }
            named = {f"NPM_CONFIG_{key.upper()}": value for key, value in settings.items()}
            return named | {_SECRET: credential.secret}

        programs.run(file, command, variables, surroundings=self._with, credential=credential, url=self.url)

    def _program(self) -> str:
        return programs.find(self._with.environment, "npm")

    def _document(self, file: ReleaseFile) -> str:
        return f"{self.url}{quote(file.package, safe='@')}"

    def _tarball(self, file: ReleaseFile) -> str:
        """Return where a package is read, as npm itself names it; a registry may have another place."""
        bare = file.package.rpartition("/")[2]
        return f"{self._document(file)}/-/{bare}-{file.version}.tgz"

    def _oidc(self, package: str) -> str:
        return f"{self.url}-/npm/v1/oidc/token/exchange/package/{quote(package, safe='@')}"

    def _versions(self, file: ReleaseFile) -> dict[str, Any]:
        url = self._document(file)
        reply = self._with.web.get(
            url, self._access.reader(url), accept="application/json", limit=_PACKUMENT_BYTES, elsewhere=False
        )
        if reply.absent:
            return {}
        try:
            return msgspec.convert(
                msgspec.json.decode(reply.body, type=dict[str, Any]).get("versions", {}), dict[str, Any]
            )
        except (msgspec.DecodeError, msgspec.ValidationError):
            raise PublishError(f"{urls.shown(url)}: is no npm package's document") from None

    def _given(self) -> Credential | None:
        name, value = credentials.variable(self._with.environment, *_TOKENS)
        return credentials.bearer(name, value) if name else None

    def _exchanged(self, package: str) -> Credential:
        web, environment = self._with.web, self._with.environment
        audience = f"npm:{urlsplit(self.url).hostname}"
        job = identity.read(environment, web, variable=_IDENTITY, audience=audience)
        token = identity.exchange(web, self._oidc(package), job, body={}, header=True, key="token")
        return credentials.bearer(identity.SOURCE, token)


def _number(version: str) -> tuple[int, ...]:
    """Return a version's numbers; none for one that is not ours or only a preview."""
    parts = version.split(".")
    return tuple(map(int, parts)) if all(part.isascii() and part.isdigit() for part in parts) else ()
