"""The ecosystems: one module for each kind of package manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.repositories.ecosystems import apt, brew, files, gem, npm, pypi

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.repositories.ecosystem import Ecosystem

# In the order in which a site's page shows them.
ECOSYSTEMS: Mapping[str, Ecosystem] = {module.NAME: module for module in (apt, pypi, npm, gem, brew, files)}
