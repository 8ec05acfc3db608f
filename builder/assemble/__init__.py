"""Assemble: a rendered package becomes the bytes of one file. One module per container format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from builder.assemble import file, gem, nfpm, tar, wheel
from builder.errors import ConfigError
from builder.text.document import nearest

if TYPE_CHECKING:
    from builder.model import Package


class Container(Protocol):
    """A container format: pure, so that the same package always gives the same bytes."""

    def assemble(self, package: Package) -> bytes:
        """Return the finished file."""
        ...


CONTAINERS: dict[str, Container] = {
    "apk": nfpm,
    "deb": nfpm,
    "file": file,
    "gem": gem,
    "rpm": nfpm,
    "tar": tar,
    "wheel": wheel,
}


def runs_beside(container: str) -> bool:
    """Tell whether a program of its own writes the format, which then works beside this process."""
    return CONTAINERS.get(container) is nfpm


def assemble(package: Package) -> bytes:
    """Return the bytes of `package` in its container format; raise ConfigError for an unknown format."""
    container = CONTAINERS.get(package.container)
    if container is None:
        raise ConfigError(
            f"recipe {package.target}: container '{package.container}' is not known",
            hint=nearest(package.container, CONTAINERS),
        )
    if container is not nfpm and (package.scripts or package.metadata):
        raise ConfigError(f"recipe {package.target}: a {package.container} has no scripts and no metadata")
    return container.assemble(package)
