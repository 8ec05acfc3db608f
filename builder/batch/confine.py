"""What a stranger's configuration may ask for: its own files, and others only where that is allowed."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from builder.batch import realms
from builder.config import FILE_NAME
from builder.errors import ConfigError
from builder.lifecycle.approvers import is_key
from builder.load import STDIN, is_file_name
from builder.text.faults import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.batch.job import Job, JobSettings
    from builder.pipeline.project import Project

_MOST_PATHS = 200
_KEPT_IN = "a batch reads nothing but what lies in the organisation's own folder"


def refuse_foreign(project: Project, job: Job, settings: JobSettings) -> None:
    """Raise ConfigError, with file and line, for what leads out of an organisation's folder.

    And for another organisation's slug, an address or recipes of its own, unless they are allowed.
    """
    if project.slug != job.slug:
        where, slug = project.where(("organisation", "slug")), project.slug.removesuffix(f"-{job.realm}")
        raise ConfigError(
            f"{where}: organisation.slug is {slug}, and its folder is {job.folder}",
            hint="an organisation's folder has its slug for a name",
        )
    if len(realms.names(job.files)) != len(project.siblings):
        raise ConfigError(
            f"{project.file}: has realms that cannot be told beforehand",
            hint="write 'realms:' plainly, in a file of at most 128 kB, and at most 50 of them",
        )
    for key, path in _paths(project):
        if not is_file_name(path):
            _refuse_input(f"{project.where(key)}: {shown(path)}", path, allow_urls=settings.allow_urls)
        elif posixpath.isabs(path) or posixpath.normpath(path).split("/")[0] == "..":
            raise ConfigError(f"{project.where(key)}: {shown(path)} leads out of the folder", hint=_KEPT_IN)
    own = next((path for path in job.files if path.startswith(("recipes/", "templates/"))), "")
    if own and not settings.allow_recipes:
        raise ConfigError(
            f"{project.folder / own}: is a recipe of the organisation's own",
            hint="--allow-recipes builds with such: what they compute runs in a process of little memory",
        )


def _refuse_input(where: str, path: str, *, allow_urls: bool) -> None:
    if path == STDIN:
        raise ConfigError(f"{where} is standard input, which no organisation has here", hint=_KEPT_IN)
    if not allow_urls:
        raise ConfigError(f"{where} is an address", hint="--allow-urls lets workers fetch what is pinned")


def _paths(project: Project) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield each path that a build reads, and its key; raise ConfigError where they are too many."""
    paths = project.config.bundle.paths
    if len(paths) > _MOST_PATHS:
        where = project.where(("bundle", "paths"))
        raise ConfigError(f"{where}: bundle.paths has more than {_MOST_PATHS} items", hint=f"see {FILE_NAME}")
    yield from ((("bundle", "paths", i), path) for i, path in enumerate(paths))
    section = project.config.approvals
    for name, text in (section.approvers if section else {}).items():
        if not is_key(text):
            yield ("approvals", "approvers", name), text
