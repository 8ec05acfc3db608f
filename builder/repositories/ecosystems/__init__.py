"""The ecosystems: one module for each kind of package manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.repositories.ecosystems import apk, apt, brew, files, gem, npm, pacman, pypi, rpm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.repositories.ecosystem import Ecosystem

# In the order in which a site's page shows them.
ECOSYSTEMS: Mapping[str, Ecosystem] = {
    module.NAME: module for module in (apt, rpm, apk, pacman, pypi, npm, gem, brew, files)
}
