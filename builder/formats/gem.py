"""Ruby gems (RubyGems' package format): a tar of metadata.gz, data.tar.gz and checksums.yaml.gz."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from builder.formats import compression, plainyaml, tar
from builder.formats.control import Unwritable
from builder.formats.unpacked import Malformed, Unpacked, text
from builder.model import File

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.formats.metadata import MetadataKey
    from builder.formats.unpacked import Entry
    from builder.model import Package

SCRIPTS: frozenset[str] = frozenset()
METADATA: Mapping[str, MetadataKey] = {}

_SPECIFICATION = "metadata"
_MEMBER_MODE = 0o444  # what `gem build` gives its members
_PARTS = ("metadata.gz", "data.tar.gz")
_SUMS = "checksums.yaml.gz"
_YAML_LIMIT = 1024 * 1024
_PLUGIN = "lib/rubygems_plugin.rb"  # every `gem` command loads it
_FIELDS = (
    "summary", "description", "homepage", "licenses", "authors", "email", "date", "platform", "metadata",
    "dependencies", "require_paths", "bindir", "executables", "extensions", "required_ruby_version",
    "required_rubygems_version", "rubygems_version",
)  # fmt: skip


def write(package: Package) -> bytes:
    """Return the .gem; the file at path `metadata` is its YAML specification."""
    specification = [file for file in package.files if file.path == _SPECIFICATION]
    if len(specification) != 1:
        raise Unwritable(f"a gem needs a file '{_SPECIFICATION}', its specification")
    contents = [file for file in package.files if file.path != _SPECIFICATION]
    members = {
        "metadata.gz": compression.gzip(specification[0].data),
        "data.tar.gz": compression.gzip(tar.write(contents, package.epoch)),
    }
    members[_SUMS] = compression.gzip(_sums(members))
    # RubyGems finds its members by name, in any order.
    files = [File(name, data, _MEMBER_MODE) for name, data in members.items()]
    return tar.write(files, package.epoch)


def _sums(members: dict[str, bytes]) -> bytes:
    lines = ["---"]
    for algorithm in ("SHA256", "SHA512"):
        lines.append(f"{algorithm}:")
        lines += [f"  {name}: {hashlib.new(algorithm, data).hexdigest()}" for name, data in members.items()]
    return ("\n".join(lines) + "\n").encode("ascii")


def recognises(data: bytes) -> bool:
    """Tell whether `data` is a tar that starts with one of a gem's parts."""
    first = data[:100].split(b"\0", 1)[0].decode("ascii", "replace")
    return data[257:262] == b"ustar" and first.removesuffix(".sig") in {*_PARTS, _SUMS}


def unpack(_name: str, data: bytes) -> Unpacked:
    """Read a .gem and check its parts against checksums.yaml.gz."""
    parts = {entry.path: entry.data for entry in tar.unpack(".gem", data)}
    if missing := [part for part in (*_PARTS, _SUMS) if part not in parts]:
        raise Malformed(f"{missing[0]}: is missing")
    _check_sums(_yaml(_SUMS, parts[_SUMS]), parts)
    fields = _fields(parts["metadata.gz"])
    entries = tar.unpack("data.tar.gz", compression.decompress("data.tar.gz", parts["data.tar.gz"]))
    metadata = {key: _text(fields[key]) for key in _FIELDS if fields.get(key)}
    name, version = fields["name"], fields["version"]["version"]
    return Unpacked("gem", name, version, metadata, entries, _scripts(entries))


def specification(data: bytes) -> Mapping[str, Any]:
    """Return the fields of a .gem's specification, each scalar a text: what Ruby's tags say is left out."""
    parts = {entry.path: entry.data for entry in tar.unpack(".gem", data)}
    if "metadata.gz" not in parts:
        raise Malformed("metadata.gz: is missing")
    return _fields(parts["metadata.gz"])


def _fields(compressed: bytes) -> Mapping[str, Any]:
    fields = _yaml("metadata.gz", compressed)
    version = fields.get("version")
    number = version.get("version") if isinstance(version, dict) else None
    if not isinstance(fields.get("name"), str) or not isinstance(number, str):
        raise Malformed("metadata.gz: gives no name and version")
    return fields


def _scripts(entries: tuple[Entry, ...]) -> dict[str, str]:
    return {e.path: text(e.data) for e in entries if e.path == _PLUGIN}


def _check_sums(sums: Mapping[str, Any], parts: Mapping[str, bytes]) -> None:
    strong = [name for name in ("SHA256", "SHA512") if isinstance(sums.get(name), dict)]
    if not strong:
        raise Malformed(f"{_SUMS}: has neither SHA256 nor SHA512")
    for name in strong:
        for part in _PARTS:
            if sums[name].get(part) != hashlib.new(name, parts[part]).hexdigest():
                raise Malformed(f"{part}: does not match {_SUMS}")


def _yaml(where: str, compressed: bytes) -> dict[str, Any]:
    """Read YAML whose scalars all stay strings and whose Ruby tags mean nothing."""
    return plainyaml.mapping(where, compression.decompress(where, compressed, limit=_YAML_LIMIT))


def _text(value: Any) -> str:
    """Write nested YAML on one line: lists joined by commas, mappings as key: value."""
    match value:
        case list():
            return ", ".join(_text(item) for item in value)
        case dict():
            return ", ".join(f"{_text(key)}: {_text(item)}" for key, item in value.items())
        case _:
            return str(value)
