"""A gzipped tar archive: npm packages, source archives, Homebrew bottles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder import archive

if TYPE_CHECKING:
    from builder.model import Package


def assemble(package: Package) -> bytes:
    """Return the .tar.gz of the package's files."""
    return archive.gzip(archive.tar(package.files, package.epoch))
