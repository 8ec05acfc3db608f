"""OCI image layouts (image-spec 1.1, image-layout.md), read strictly: every digest, no blob beside them."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

import msgspec

from builder.formats import compression
from builder.formats.unpacked import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MARKER, TOP, BLOBS = "oci-layout", "index.json", "blobs/sha256/"
MARKED = b'{"imageLayoutVersion":"1.0.0"}'
PARTS = frozenset({MARKER, TOP, "blobs"})

_KIND = "application/vnd.oci.image."
INDEX, MANIFEST = f"{_KIND}index.v1+json", f"{_KIND}manifest.v1+json"
CONFIG, LAYER = f"{_KIND}config.v1+json", f"{_KIND}layer.v1.tar"
_LAYERS = (LAYER, f"{LAYER}+gzip")
_WHITEOUT = ".wh."
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_DEEPEST = 3  # indexes in indexes
_MOST = 256  # manifests
# Of all that is read as JSON, as often as it is: registries take no longer manifest, and a few indexes that
# name each other would else stand for billions of images.
_LONGEST = 4 * 1024 * 1024
_OF_PLATFORM = ("architecture", "os", "variant", "os.version", "os.features")
_STARTED = ("Entrypoint", "Cmd", "OnBuild", "Healthcheck")


class LayeredImage(msgspec.Struct, frozen=True):
    """An image of one `layer` (a tar), the same on all `platforms`; `started` is what a container would run.

    `digest` is what the layout's index names, by which the image is pinned.
    """

    digest: str
    platforms: tuple[str, ...]
    labels: Mapping[str, str]
    started: Mapping[str, str]
    layer: bytes


class _Found(msgspec.Struct, frozen=True):
    """One platform's manifest: the digests of its layer, and its configuration but for the platform."""

    platform: str
    layer: str
    layer_kind: str
    config: Mapping[str, Any]


class _Files:
    """The files of a layout: which of them were `used`, and how many bytes of JSON may yet be read."""

    def __init__(self, members: Mapping[str, bytes]) -> None:
        self._members = members
        self._left = _LONGEST
        self.used: set[str] = set()

    def data(self, path: str) -> bytes:
        """Return what a file holds; raise Malformed where there is none."""
        if path not in self._members:
            raise Malformed(f"{path}: is missing")
        self.used.add(path)
        return self._members[path]

    def object(self, path: str) -> dict[str, Any]:
        """Return the JSON object that a file is; raise Malformed."""
        data = self.data(path)
        self._left -= len(data)
        if self._left < 0:
            raise Malformed(
                f"{path}: manifests are longer than {_LONGEST} bytes, read as often as they are named"
            )
        return _object(path, data)


def is_whiteout(path: str) -> bool:
    """Tell whether a layer's entry means that one of a lower layer is gone (image-spec, layer.md)."""
    return any(step.startswith(_WHITEOUT) for step in path.split("/"))


def read(members: Mapping[str, bytes]) -> LayeredImage:
    """Return the one image of the layout whose files are `members`; raise Malformed for all that is wrong."""
    files = _Files(members)
    if files.object(MARKER).get("imageLayoutVersion") != "1.0.0":
        raise Malformed(f"{MARKER}: is of no version that is known here")
    _check_blobs(members)
    top = files.object(TOP)
    images = list(_images(files, TOP, top, 0))
    if not images:
        raise Malformed(f"{TOP}: names no image")
    first = images[0]
    for other in images[1:]:
        if (other.layer, other.config) != (first.layer, first.config):
            raise Malformed(
                f"{other.platform} has another content than {first.platform}: read each by itself"
            )
    layer = _layer(files, first)
    if unused := next((path for path in members if path not in files.used), ""):
        raise Malformed(f"{unused}: belongs to no image")
    settings = _mapping(first.config.get("config") or {}, "config")
    return LayeredImage(
        ", ".join(str(one.get("digest")) for one in top["manifests"]),
        tuple(dict.fromkeys(one.platform for one in images)),
        _texts(settings.get("Labels") or {}, "Labels"),
        {key: json.dumps(settings[key]) for key in _STARTED if settings.get(key)},
        layer,
    )


def _check_blobs(members: Mapping[str, bytes]) -> None:
    for path, data in members.items():
        if path in {MARKER, TOP}:
            continue
        if path != f"{BLOBS}{hashlib.sha256(data).hexdigest()}":
            raise Malformed(f"{path}: does not match its digest")


def _images(files: _Files, where: str, index: Mapping[str, Any], depth: int) -> Iterator[_Found]:
    """Yield each platform's image that an index leads to."""
    if depth > _DEEPEST:
        raise Malformed(f"{where}: indexes lie in indexes, more than {_DEEPEST} deep")
    manifests = index.get("manifests")
    if not isinstance(manifests, list) or len(manifests) > _MOST:
        raise Malformed(f"{where}: has no list of manifests that can be read")
    for one in manifests:
        path = _blob(files, where, one)
        found = files.object(path)
        kind = one.get("mediaType")
        if found.get("mediaType", kind) != kind:
            raise Malformed(f"{path}: is called {kind}, and calls itself otherwise")
        if kind == INDEX:
            yield from _images(files, path, found, depth + 1)
        elif kind == MANIFEST:
            yield _image(files, path, found)
        else:
            raise Malformed(f"{path}: is no manifest of OCI's")


def _image(files: _Files, where: str, manifest: Mapping[str, Any]) -> _Found:
    layers = manifest.get("layers")
    if not isinstance(layers, list) or len(layers) != 1:
        raise Malformed(f"{where}: is not of one layer: of an image of several, no more is read")
    config = files.object(_blob(files, where, manifest.get("config")))
    _blob(files, where, layers[0])
    kind = layers[0].get("mediaType")
    if kind not in _LAYERS:
        raise Malformed(f"{where}: its layer is no tar that is read here")
    platform = [str(config.get(key, "")) for key in ("os", "architecture", "variant")]
    return _Found(
        "/".join(filter(None, platform)),
        layers[0]["digest"],
        kind,
        {key: value for key, value in config.items() if key not in _OF_PLATFORM},
    )


def _layer(files: _Files, image: _Found) -> bytes:
    data = files.data(BLOBS + image.layer.removeprefix("sha256:"))
    if image.layer_kind != LAYER:
        data = compression.decompress("layer", data)
    roots = _mapping(image.config.get("rootfs"), "rootfs")
    if roots.get("diff_ids") != [f"sha256:{hashlib.sha256(data).hexdigest()}"]:
        raise Malformed("the layer does not match the digest in the image's configuration")
    return data


def _blob(files: _Files, where: str, descriptor: object) -> str:
    """Return the path of what a descriptor names."""
    named = _mapping(descriptor, f"{where}: a descriptor")
    digest = _DIGEST.fullmatch(str(named.get("digest")))
    if not digest:
        raise Malformed(f"{where}: a descriptor has no digest that is read here")
    path = f"{BLOBS}{digest[1]}"
    if named.get("size") != len(files.data(path)):
        raise Malformed(f"{path}: has another size than {where} says")
    return path


def _object(where: str, data: bytes) -> dict[str, Any]:
    """Return a JSON object no two keys of which are one to a reader that does not look at their case."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({key.lower() for key, _ in pairs}) != len(pairs):
            raise Malformed(f"{where}: gives a key twice")
        return dict(pairs)

    try:
        found = json.loads(data, object_pairs_hook=once)
    except (ValueError, RecursionError):
        raise Malformed(f"{where}: is not JSON") from None
    return _mapping(found, where)


def _mapping(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Malformed(f"{where}: is no object")
    return value


def _texts(value: object, where: str) -> dict[str, str]:
    found = _mapping(value, where)
    if not all(isinstance(text, str) for text in found.values()):
        raise Malformed(f"{where}: holds what is no text")
    return found
