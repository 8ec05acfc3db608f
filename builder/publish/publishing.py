"""Publish: each registry is asked what it has, is sent what it lacks, and is asked again.

What registries have is the only memory: a run that was ended anywhere is finished by the next one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import msgspec

from builder.config import MARKED
from builder.errors import ConfigError, PublishError, UsageError
from builder.publish import difference, layouts, programs, public, repository
from builder.publish.github import GitHub
from builder.publish.npm import Npm
from builder.publish.pypi import PyPI
from builder.publish.registry import PlannedRequest  # noqa: TC001  msgspec reads annotations at run time
from builder.publish.repository import Repository
from builder.publish.rubygems import RubyGems
from builder.publish.shipment import PRIVATE, ReleaseFile
from builder.publish.web import UnansweredError
from builder.release import scratch
from builder.text import urls

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from builder.config import Destination, HttpSection, PublishSection
    from builder.publish.registry import PublishedFile, Registry, Surroundings
    from builder.publish.shipment import Shipment

_ATTEMPTS = 3
_WAITS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)  # seconds until a registry lists what it was sent
_TAKEN = re.compile(r"\b409\b|already|exists", re.IGNORECASE)  # what is said of a file that is there
_LATER = "run it again: what is listed by then is not sent again"


class FileOutcome(msgspec.Struct, frozen=True):
    """What became of a file at a registry; `unlisted` was taken, and is not shown there yet."""

    registry: str
    url: str
    file: ReleaseFile
    outcome: Literal["sent", "there", "unlisted"]


class Delivery(msgspec.Struct, frozen=True):
    """What was done, in its order; or which requests would be made, each with its registry's name."""

    files: tuple[FileOutcome, ...] = ()
    requests: tuple[tuple[str, PlannedRequest], ...] = ()


def publish(
    shipment: Shipment,
    destinations: Collection[Destination],
    section: PublishSection,
    surroundings: Surroundings,
    *,
    dry_run: bool,
    sleep: Callable[[float], None],
    progress: Callable[[str], None],
) -> Delivery:
    """Send a release's files to the registries that lack them, one after the other; with `dry_run`, none.

    Raises ConfigError or UsageError before anything is sent, and PublishError where a registry does not take
    a file, or has other bytes under its name.
    """
    registries = [
        registry for name in destinations for registry in _registries(name, section, shipment, surroundings)
    ]
    chosen = [(registry, _chosen(registry, shipment)) for registry in registries]
    for registry in registries:
        if not isinstance(registry, GitHub) and not _is_declared(registry, section):
            raise public.refusal(registry.name, registry.url)
    for registry, files in chosen:
        for file in files:
            _refuse_elsewhere(registry, file)
    if dry_run:
        planned = [(one.name, request) for one, files in chosen for request in one.requests(files)]
        return Delivery(requests=tuple(planned))
    scratch.clear(programs.PURPOSE)
    for registry in registries:
        registry.ready()
    done: list[FileOutcome] = []
    for registry, files in chosen:
        registry.begin()
        for file in files:
            outcome = _deliver(registry, file, sleep, progress)
            done.append(FileOutcome(registry.name, registry.url, file, outcome))
        registry.finish()
    return Delivery(tuple(done))


def _registries(
    name: Destination, section: PublishSection, shipment: Shipment, surroundings: Surroundings
) -> Iterator[Registry]:
    """Yield what a destination stands for: of `http`, each of the repositories that are configured."""
    environment, web, manifest = surroundings.environment, surroundings.web, shipment.manifest
    if name == "pypi":
        yield PyPI(section.pypi, surroundings)
    elif name == "npm":
        yield Npm(section.npm, surroundings)
    elif name == "rubygems":
        yield RubyGems(section.rubygems, surroundings)
    elif name == "github" and section.github:
        yield GitHub(section.github, shipment, surroundings, public_too="github" in section.public)
    elif name == "gitlab" and section.gitlab:
        yield Repository(
            name, section.gitlab.url, place=layouts.gitlab(section.gitlab, manifest), web=web,
            credential=lambda: repository.gitlab_credential(environment),
        )  # fmt: skip
    elif name == "gitea" and section.gitea:
        yield Repository(
            name, section.gitea.url, place=layouts.gitea(section.gitea, manifest), web=web,
            credential=lambda: repository.gitea_credential(environment),
        )  # fmt: skip
    elif name == "http" and section.http:
        for key, one in section.http.items():
            yield _configured(key, one, surroundings)
    else:
        raise ConfigError(
            f"--to {name}: trustpack.yaml does not say where that is",
            hint=f"write a section publish.{name}; 'trustpack docs publish-registries' shows one",
        )


def _configured(key: str, section: HttpSection, surroundings: Surroundings) -> Registry:
    environment = surroundings.environment

    def takes(file: ReleaseFile) -> bool:
        if section.targets is not None and file.target not in section.targets:
            return False
        # Repositories of packages have no place for anything else.
        return section.profile == "plain" or bool(file.target and not file.signature)

    return Repository(
        f"http.{key}", section.url, place=layouts.of_section(section), web=surroundings.web, takes=takes,
        credential=lambda: repository.http_credential(key, section, environment),
    )  # fmt: skip


def _chosen(registry: Registry, shipment: Shipment) -> Sequence[ReleaseFile]:
    found = [file for file in shipment.files if registry.takes(file)]
    if not found:
        raise UsageError(
            f"--to {registry.name}: release {shipment.manifest.release} has no file for it",
            hint="build the target that makes one: 'trustpack recipes list' names them",
        )
    return found


def _is_declared(registry: Registry, section: PublishSection) -> bool:
    return not public.is_public(registry.url) or public.public_name(registry.url) in section.public


def _refuse_elsewhere(registry: Registry, file: ReleaseFile) -> None:
    """Raise ConfigError where a package says that it is not for a registry, as its client would."""
    if registry.name not in MARKED or not file.only:
        return
    if file.only == PRIVATE:
        if public.is_public(registry.url):
            raise public.refusal(registry.name, registry.url)
    elif file.only.rstrip("/") != registry.url.rstrip("/"):
        raise ConfigError(
            f"{file.name}: was built to be published to {urls.shown(file.only)} alone, and publish."
            f"{registry.name} is {urls.shown(registry.url)}",
            hint="build it again: the package holds the address that trustpack.yaml has now",
        )


def _deliver(
    registry: Registry, file: ReleaseFile, sleep: Callable[[float], None], progress: Callable[[str], None]
) -> Literal["sent", "there", "unlisted"]:
    """Send a file unless it is there; raise PublishError where something else is."""
    if _is_ours(registry.look(file), file):
        progress(f"{registry.name}: {file.name} is there already")
        return "there"
    for attempt in range(1, _ATTEMPTS + 1):
        progress(f"{registry.name}: sending {file.name}")
        try:
            registry.send(file)
            break
        except PublishError as error:
            # It may have been stored all the same, or by another job meanwhile.
            if _is_there_after(registry, file, error, sleep):
                return "sent"
            if not isinstance(error, UnansweredError) or attempt == _ATTEMPTS:
                raise
            progress(f"{error}; trying again")
            sleep(2.0**attempt)
    for wait in _WAITS:
        sleep(wait)
        if _is_ours(registry.look(file), file):
            return "sent"
    if public.is_public(registry.url):
        return "unlisted"
    raise PublishError(
        f"{urls.shown(registry.url)}: has taken {file.name}, and does not list it", hint=_LATER
    )


def _is_there_after(
    registry: Registry, file: ReleaseFile, error: PublishError, sleep: Callable[[float], None]
) -> bool:
    """Tell whether a file is there although sending it has failed; raise `error` where that is unknown."""
    # Refused since it is there, it may be another job's that is still on its way.
    for wait in _WAITS if _TAKEN.search(str(error)) else _WAITS[:1]:
        sleep(wait)
        try:
            found = registry.look(file)
        except PublishError:
            raise error from None
        if _is_ours(found, file):
            return True
    return False


def _is_ours(found: PublishedFile | None, file: ReleaseFile) -> bool:
    """Tell whether a registry has a file; raise PublishError where it has another one of that name."""
    if found is None:
        return False
    if found.is_(file.data):
        return True
    what = difference.told(file.name, found.read(), file.data)
    raise PublishError(
        f"{urls.shown(found.url)}: is not our {file.name}: {what}",
        hint="what is published stays as it is: build a release of a higher number",
    )
