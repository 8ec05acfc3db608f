"""A Ruby gem: a tar of metadata.gz, data.tar.gz and their checksums (RubyGems' package format)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from builder import archive
from builder.errors import ConfigError
from builder.model import File

if TYPE_CHECKING:
    from builder.model import Package

_SPECIFICATION = "metadata"
_MEMBER_MODE = 0o444  # what `gem build` gives its members


def assemble(package: Package) -> bytes:
    """Return the .gem; the file at path `metadata` is its YAML specification."""
    specification = [file for file in package.files if file.path == _SPECIFICATION]
    if len(specification) != 1:
        raise ConfigError(
            f"recipe {package.target}: a gem needs a file '{_SPECIFICATION}', its specification"
        )
    contents = [file for file in package.files if file.path != _SPECIFICATION]
    members = {
        "metadata.gz": archive.gzip(specification[0].data),
        "data.tar.gz": archive.gzip(archive.tar(contents, package.epoch)),
    }
    members["checksums.yaml.gz"] = archive.gzip(_checksums(members))
    # RubyGems finds its members by name, in any order.
    files = [File(name, data, _MEMBER_MODE) for name, data in members.items()]
    return archive.tar(files, package.epoch)


def _checksums(members: dict[str, bytes]) -> bytes:
    lines = ["---"]
    for algorithm in ("SHA256", "SHA512"):
        lines.append(f"{algorithm}:")
        lines += [f"  {name}: {hashlib.new(algorithm, data).hexdigest()}" for name, data in members.items()]
    return ("\n".join(lines) + "\n").encode("ascii")
