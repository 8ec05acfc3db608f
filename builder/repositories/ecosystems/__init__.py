"""The ecosystems: one module for each kind of package manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.repositories import shelf
from builder.repositories.ecosystems import (
    apk,
    apt,
    brew,
    conda,
    files,
    gem,
    go,
    maven,
    npm,
    pacman,
    pypi,
    rpm,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from builder.repositories.ecosystem import Ecosystem
    from builder.repositories.shelf import Shelf
    from builder.repositories.sitefile import Listed

# In the order in which a site's page shows them.
ECOSYSTEMS: Mapping[str, Ecosystem] = {
    module.NAME: module for module in (apt, rpm, apk, pacman, pypi, npm, gem, maven, go, conda, brew, files)
}


def shelves(
    kept: Mapping[str, Mapping[str, Listed]], read: Callable[[Listed], Iterable[bytes]]
) -> Mapping[str, Shelf]:
    """Return the packages that a site keeps in these files, of which `read` yields the content.

    Left out are ecosystems that this trustpack does not know. Raises SiteError where a text is not there.
    """
    known = {name: each for name, each in kept.items() if name in ECOSYSTEMS}
    return {name: shelf.kept(each, ECOSYSTEMS[name].TEXTS, read) for name, each in known.items()}
