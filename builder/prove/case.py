"""What is to be proven: a release, and the configuration and recipes that made it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from builder import config
from builder.errors import UsageError
from builder.release.manifest import MANIFEST, read_manifest
from builder.render import recipe

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from builder.config import Config
    from builder.model import Organisation
    from builder.release.manifest import Manifest
    from builder.render.recipe import RecipeSource


@dataclass(frozen=True, slots=True)
class Case:
    """What is to be proven: the release in `folder`, the recipes that made it, and in which testbeds.

    `root` is an unpacked system for the targets that need one; `clients` names those to ask (empty: all);
    with `offline` nothing is fetched.
    """

    folder: Path
    manifest: Manifest
    organisation: Organisation
    sources: Sequence[RecipeSource]
    now: dt.datetime
    names: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    root: Path | None = None
    clients: frozenset[str] = frozenset()
    offline: bool = False


def find(
    out: Path,
    org: str | None,
    file: Path | None,
    targets: list[str] | None,
    *,
    now: dt.datetime,
    realm: str | None = None,
) -> Case:
    """Return the case of the release in `out`, and of the configuration or the organisation that it is of.

    Raises UsageError, ConfigError or OutputError where release, configuration and targets do not fit.
    """
    manifest = read_manifest(out)
    if manifest is None:
        raise UsageError(
            f"{out / MANIFEST}: there is no release to prove", hint="run 'trustpack build' first"
        )
    chosen, folder = _configuration(manifest, org, file, realm)
    organisation = config.organisation(chosen)
    if organisation.slug != manifest.organisation:
        raise UsageError(f"{out}: holds the packages of {manifest.organisation}, not of {organisation.slug}")
    return Case(
        folder=out,
        manifest=manifest,
        organisation=organisation,
        sources=_sources(manifest, recipe.sources(folder), targets),
        now=now,
        names=chosen.names,
        settings=chosen.settings,
    )


def _configuration(
    manifest: Manifest, org: str | None, file: Path | None, realm: str | None
) -> tuple[Config, Path | None]:
    """Return the configuration that built the release (--config's, --org's, trustpack.yaml's) and its folder.

    Without a file there is no folder: such a build takes the built-in recipes.
    """
    default = Path(config.FILE_NAME)
    if org is not None and file is not None:
        raise UsageError("--org and --config: give one of them")
    if org is not None and realm is not None:
        raise UsageError("--org and --realm: give one of them")
    if org is None and (file is not None or realm is not None or default.exists()):
        file = file or default
        return config.read_with_lines(file, realm)[0], file.parent
    # The bundle's paths are not looked at: its certificates are in the packages.
    return config.minimal(org or manifest.organisation, ["."]), None


def _sources(
    manifest: Manifest, available: dict[str, RecipeSource], targets: list[str] | None
) -> list[RecipeSource]:
    built = {entry.target for entry in manifest.artifacts}
    every = targets is None or recipe.ALL in targets
    sources = recipe.select(available, sorted(built) if every else targets)
    for source in sources:
        if source.target not in built:
            raise UsageError(
                f"target '{source.target}': the release has no such package", hint="build it first"
            )
    return sources
