"""A Kubernetes manifest: one YAML file of objects, which hold certificates in their texts."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

from builder.formats import plainyaml
from builder.formats.control import Unwritable
from builder.formats.unpacked import Entry, Malformed, Unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from builder.formats.metadata import MetadataKey
    from builder.model import Package

SCRIPTS: frozenset[str] = frozenset()
METADATA: Mapping[str, MetadataKey] = {}

# What Kubernetes takes of a ConfigMap and a ClusterTrustBundle: MaxSecretSize and MaxTrustBundleSize in its
# validation, of all values together; keys do not count, and what is in base64 counts as what it stands for.
_MOST = 1024 * 1024
_SIZED = {"ConfigMap": ("data", "binaryData"), "ClusterTrustBundle": ("spec",)}
_WAY_OUT = "mount the image of data in its place (target oci), or put fewer CAs into one bundle"
_MOST_READ = 4 * 1024 * 1024
_BEGINS = re.compile(rb"(?:[ \t]*(?:#[^\n]*|---[ \t]*)?\r?\n)*apiVersion:")
_BLOCK = b"-----BEGIN "
_NAME, _VERSION = "app.kubernetes.io/name", "app.kubernetes.io/version"


def write(package: Package) -> bytes:
    """Return the package's only file; raise Unwritable for what no cluster takes."""
    if len(package.files) != 1:
        raise Unwritable(f"a 'manifest' output holds exactly one file, not {len(package.files)}")
    data = package.files[0].data
    try:
        objects = _objects(data)
    except Malformed as fault:
        raise Unwritable(str(fault)) from None
    for one in objects:
        size = _size(one)
        if size > _MOST:
            said = f"{one['kind']}: has {size} bytes, and Kubernetes takes no more than {_MOST}"
            raise Unwritable(said, hint=_WAY_OUT)
    return data


def recognises(data: bytes) -> bool:
    """Tell whether `data` is text whose first key is an object's API version."""
    return _BEGINS.match(data[: 64 * 1024]) is not None


def unpack(name: str, data: bytes) -> Unpacked:
    """Read the file, and what of its objects' texts holds certificates, as a file each."""
    objects = _objects(data)
    labels = _mapping(_mapping(objects[0].get("metadata")).get("labels"))
    return Unpacked(
        "manifest",
        str(labels.get(_NAME, "")),
        str(labels.get(_VERSION, "")),
        {"kinds": ", ".join(str(one["kind"]) for one in objects)},
        (Entry(name, data), *_held(objects)),
    )


def _objects(data: bytes) -> list[dict[str, Any]]:
    if len(data) > _MOST_READ:
        raise Malformed("is longer than a manifest can be")
    found = [one for one in plainyaml.documents("manifest", data) if one]
    for one in found:
        if not isinstance(one, dict) or not isinstance(one.get("kind"), str):
            raise Malformed("holds what is no object of Kubernetes'")
    if not found:
        raise Malformed("holds no object")
    return found


def _held(objects: list[dict[str, Any]]) -> Iterator[Entry]:
    """Yield each text with certificates, by the way to it: no two are the same."""
    seen: set[str] = set()
    for one in objects:
        top = f"{one['kind']}/{_mapping(one.get('metadata')).get('name', '')}"
        for way, text in _texts(one):
            path = f"{top}/{way}"
            data = text.encode()
            data = data if _BLOCK in data else _decoded(data)
            if _BLOCK in data:
                if path in seen:
                    raise Malformed(f"{path}: is a duplicate entry")
                seen.add(path)
                yield Entry(path, data)


def _decoded(data: bytes) -> bytes:
    """Return what a text in base64 stands for: a ConfigMap's binaryData, a Secret's data, any caBundle."""
    try:
        return base64.b64decode(data)
    except ValueError:
        return b""


def _texts(value: object, way: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text in nested lists and mappings, with the keys that lead to it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, f"{way}.{key}".lstrip("."))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, f"{way}.{index}".lstrip("."))
    elif isinstance(value, str):
        yield way, value


def _size(one: Mapping[str, Any]) -> int:
    """Return how many bytes of an object count."""
    sizes = {key: [text.encode() for _, text in _texts(one.get(key))] for key in _SIZED.get(one["kind"], ())}
    return sum(
        len(_decoded(text) if key == "binaryData" else text) for key, texts in sizes.items() for text in texts
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
