"""A package that would come unasked, or in the place of somebody else's, is refused, whoever has built it.

Machines are told which names they may take from the site; a package that obsoletes bash needs no such name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from builder.errors import PackageError
from builder.render.naming import is_own
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from builder.formats.unpacked import Unpacked

# Fields whose relations name what gives way, in small letters: Debian's fields do not tell capitals.
_RELATIONS: Mapping[str, tuple[str, ...]] = {
    "deb": ("provides", "replaces", "conflicts", "breaks"),
    "rpm": ("provides", "obsoletes", "conflicts"),
    "apk": ("provides", "replaces"),
    "pacman": ("provides", "conflict", "replaces"),
}
# Fields with which a package manager installs a package that nobody has asked for.
_UNASKED: Mapping[str, tuple[str, ...]] = {
    "deb": ("essential", "protected", "important"),
    "apk": ("install_if",),
}
_SEPARATORS = re.compile(r"[,|]")
_END_OF_NAME = re.compile(r"[\s<>=~:(]")


def refuse(filename: str, package: Unpacked, slug: str) -> None:
    """Raise PackageError where a package names others in the place of which it comes, or comes unasked."""
    fields = {key.lower(): value for key, value in package.metadata.items()}
    for key in _UNASKED.get(package.format, ()):
        if fields.get(key, "no").strip().lower() != "no":
            raise PackageError(
                f"{filename}: has {key}, so that machines would install it unasked",
                hint="no package of a site may: build it without",
            )
    for key in _RELATIONS.get(package.format, ()):
        for name in _named(fields.get(key, "")):
            if name != package.name and not is_own(name, slug):
                raise PackageError(
                    f"{filename}: {key}: {visible(name)} is somebody else's package",
                    hint=f"only packages with '{slug}' in their name may be displaced",
                )


def _named(relations: str) -> Iterator[str]:
    for part in _SEPARATORS.split(relations):
        if text := part.strip():
            yield _END_OF_NAME.split(text, maxsplit=1)[0]
