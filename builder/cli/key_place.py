"""Where the keys are that a command is about, and what signs with those that are not in files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from builder.cli import environment, options

if TYPE_CHECKING:
    from builder.pipeline.project import Project


class KeyPlace(NamedTuple):
    """A folder of keys, and the program of repository.signer; `project` is None without a configuration."""

    folder: Path
    signer: tuple[str, ...]
    project: Project | None


def find(bundled: options.Bundled, keys: Path | None, now: str | None = None) -> KeyPlace:
    """Return where the keys are: a machine that only signs has their folder and no configuration."""
    from builder.config import FILE_NAME

    if bundled == (None, None) and keys is not None and not Path(FILE_NAME).exists():
        return KeyPlace(keys, (), None)
    project = environment.project(bundled=bundled, now=now)
    section = project.config.repository
    return KeyPlace(keys or project.folder / section.keys, tuple(section.signer or ()), project)
