"""What a release is built from, as files that anybody may have: nothing of the machine, and nothing secret.

The statement names each by its digest.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from builder.config import FILE_NAME
from builder.errors import ConfigError
from builder.lifecycle import lock, lockfile
from builder.provenance import configuration
from builder.render import recipe
from builder.text import files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from builder.model import Bundle
    from builder.pipeline.project import Project
    from builder.render.recipe import RecipeSource

BUNDLE, DISTRUSTED = "bundle.pem", "distrusted.pem"


class Material(msgspec.Struct, frozen=True):
    """A file by its name from the project's folder."""

    name: str
    data: bytes

    @property
    def sha256(self) -> str:
        """The digest of its bytes."""
        return hashlib.sha256(self.data).hexdigest()

    def __repr__(self) -> str:
        """Say which it is."""
        return f"{type(self).__name__}({self.name!r})"


def gather(project: Project, bundle: Bundle, sources: Iterable[RecipeSource]) -> tuple[Material, ...]:
    """Return what packages of `bundle` are built from by these recipes, sorted by name.

    The CAs are in canonical PEM, whatever they came in: an input may be locked, or have an address that is
    nobody else's business. Of the configuration there is what packages are made by, and the lock is as
    'trustpack lock' writes it. Of the recipes there are those that are the organisation's own. Raises
    ConfigError.
    """
    found = [Material(BUNDLE, bundle.pem.encode("ascii"))]
    if bundle.distrusted:
        found.append(Material(DISTRUSTED, "".join(one.pem for one in bundle.distrusted).encode("ascii")))
    text = configuration.text(project.config, [one.name for one in found], project.approvers)
    found.append(Material(FILE_NAME, text.encode("utf-8")))
    if project.lock:
        found.append(Material(lock.FILE_NAME, lockfile.to_text(project.lock).encode("utf-8")))
    for source in sources:
        if not recipe.built_in(source):
            found += _recipe(source)
    return tuple(sorted(found, key=lambda one: one.name))


def _recipe(source: RecipeSource) -> Iterator[Material]:
    recipe.check_links(source)
    yield Material(f"recipes/{source.target}.yaml", _read(source.file))
    for file in recipe.templates(source):
        path = source.templates / file
        yield Material(f"templates/{source.target}/{file.as_posix()}", _read(path))


def _read(path: Path) -> bytes:
    try:
        return files.read(path)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
