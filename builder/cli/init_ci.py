"""`trustpack init --ci`: what goes into a CI system's files, and where they may be written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from builder.cli.messages import tell
from builder.errors import OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.pipeline.project import Project


def files(system: str, config: Path, project: Project, site: str) -> tuple[tuple[Path, str], ...]:
    """Return the path and the text of each file of a CI system that is to be written.

    Those that a killed run has written are none. Raises UsageError where no job would find the configuration,
    and OutputError for a file that is there, with another text or as all others are.
    """
    from builder import __version__, ci
    from builder.config import FILE_NAME
    from builder.release.atomic import clear_up
    from builder.render import recipe

    if config.name != FILE_NAME:
        raise UsageError(f"--config {config}: CI jobs read {FILE_NAME}", hint=f"call it {FILE_NAME}")
    root = config.parent
    if above := _repository_above(root):
        raise UsageError(
            f"{config}: is not in its repository's root, where CI systems look for their files",
            hint=f"have {FILE_NAME} in {above}",
        )
    targets = [source.target for source in recipe.select(recipe.sources(), project.config.targets)]
    pipeline = ci.Pipeline(
        project.slug,
        site or f"https://packages.{project.slug}.example",
        tuple(_watched(project, root)),
        tuple(targets),
        __version__,
    )
    found = tuple((root / file.path, file.text) for file in ci.files(system, pipeline))
    for folder in {path.parent for path, _ in found}:
        clear_up(folder)
    wanted = tuple((path, text) for path, text in found if not _holds(path, text))
    done = not wanted and os.path.lexists(config)
    for path, _ in found if done else wanted:
        if os.path.lexists(path):
            raise OutputError(
                f"{path}: is there already",
                hint="move it away, run this again, and take over from it what you need",
            )
    if not site:
        tell("note", [f"{config}: has no site: yet; set it, and SITE in the CI system's file"])
    return wanted


def _holds(path: Path, text: str) -> bool:
    from builder.text import files

    try:
        return files.read(path) == text.encode("utf-8")
    except OSError:
        return False


def _repository_above(folder: Path) -> Path | None:
    """Return the root of the repository that a folder lies in; None if it is the folder, or there is none."""
    here = folder.resolve()
    if (here / ".git").exists():
        return None
    return next((path for path in here.parents if (path / ".git").exists()), None)


def _watched(project: Project, root: Path) -> Iterator[str]:
    """Yield the files and folders of the bundle that lie in the repository."""
    from builder.load import is_file_name

    for path in project.config.bundle.paths:
        if not is_file_name(path) or Path(path).is_absolute():
            continue
        inside = os.path.normpath(path) if project.file else os.path.relpath(path, root)
        if not inside.startswith(".."):
            yield f"{inside}/" if (root / inside).is_dir() else inside
