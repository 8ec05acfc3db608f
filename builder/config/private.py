"""Where packages that are not public may be pushed to, which they say in themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.model import PrivateMarkers

if TYPE_CHECKING:
    from builder.config.publishing import PublishSection


def private_markers(section: PublishSection, slug: str, site: str) -> PrivateMarkers:
    """Return what packages are marked with so that no client pushes them to a public registry by mistake.

    They name the own registry; else the site, which takes no such request; else a host below .invalid, which
    has no address anywhere (RFC 6761), unlike one below .internal, where somebody's own server may answer.
    """
    nowhere = f"https://registry.{slug}.invalid"
    npm = section.npm.url or (f"{site}/npm" if site else nowhere)
    gems = section.rubygems.url or (f"{site}/gem" if site else nowhere)
    return PrivateMarkers(
        pypi="pypi" not in section.public,
        npm="" if "npm" in section.public else f"{npm.rstrip('/')}/",
        rubygems="" if "rubygems" in section.public else gems.rstrip("/"),
    )
