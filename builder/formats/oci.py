"""OCI images of data (OCI image specification 1.1): one layer of files, for every platform, in one index.

Written as a plain tar of the image layout, which tools call oci-archive. Nothing in it is compressed, so that
every digest depends on the files alone.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from builder.formats import oci_layout, tar
from builder.formats.control import Unwritable, tree
from builder.formats.metadata import LINE, MetadataKey
from builder.formats.unpacked import Malformed, Unpacked
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.model import File, Package

SCRIPTS: frozenset[str] = frozenset()
METADATA: Mapping[str, MetadataKey] = {
    "description": LINE,
    "documentation": LINE,
    "reference": MetadataKey("line", r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", "a tag such as '2026.10'"),
}

# Go's names (image-spec, config.md): who pulls an image takes its own platform's manifest, and without
# one fails or warns. Variants as containerd's `platforms` normalises and matches them.
PLATFORMS: tuple[Mapping[str, str], ...] = tuple(
    {"architecture": architecture, "os": "linux", **({"variant": variant} if variant else {})}
    for architecture, variant in (
        ("386", ""),
        ("amd64", ""),
        ("arm", "v5"),
        ("arm", "v6"),
        ("arm", "v7"),
        ("arm64", "v8"),
        ("loong64", ""),
        ("mips64le", ""),
        ("ppc64le", ""),
        ("riscv64", ""),
        ("s390x", ""),
    )
)
_PREFIX = "org.opencontainers.image."
_REFERENCE = f"{_PREFIX}ref.name"


def write(package: Package) -> bytes:
    """Return the archive of an image layout that holds the package's files as one image."""
    members = layout(package)
    # The marker first: by it a reader knows what follows.
    order = sorted(members, key=lambda path: (path != oci_layout.MARKER, path))
    parts = []
    for path in order:
        data = members[path]
        parts += [tar.member(path, len(data), package.epoch), data, tar.padding(len(data))]
    return b"".join([*parts, tar.END])


def layout(package: Package) -> dict[str, bytes]:
    """Return the files of the image layout by their paths; raise Unwritable for what no layer holds."""
    blobs: dict[str, bytes] = {}

    def blob(data: bytes, kind: str, **more: object) -> dict[str, Any]:
        digest = hashlib.sha256(data).hexdigest()
        blobs[f"{oci_layout.BLOBS}{digest}"] = data
        return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(data), **more}

    when = dt.datetime.fromtimestamp(package.epoch, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    said = _annotations(package, when)
    layer = blob(tar.write(_entries(package), package.epoch), oci_layout.LAYER)
    manifests = []
    for platform in PLATFORMS:
        config = {
            **platform,
            "created": when,
            "config": {"Labels": said},
            "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
            "history": [{"created": when, "created_by": "trustpack"}],
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": oci_layout.MANIFEST,
            "config": blob(_json(config), oci_layout.CONFIG),
            "layers": [layer],
            "annotations": said,
        }
        manifests.append(blob(_json(manifest), oci_layout.MANIFEST, platform=platform))
    named = {_REFERENCE: package.metadata.get("reference", package.version)}
    image = blob(_json(_index(manifests, annotations=said)), oci_layout.INDEX, annotations=named)
    return {oci_layout.MARKER: oci_layout.MARKED, oci_layout.TOP: _json(_index([image])), **blobs}


def _entries(package: Package) -> list[File]:
    entries = tree(package.files)
    if not any(file.kind == "file" for file in entries):
        raise Unwritable("an image needs a file")
    if found := next((file.path for file in entries if oci_layout.is_whiteout(file.path)), ""):
        raise Unwritable(f"'{found}' would remove a file of the image below, and be none itself")
    return entries


def _annotations(package: Package, when: str) -> dict[str, str]:
    """Return what is said of the image, by the specification's predefined keys."""
    organisation, metadata = package.organisation, package.metadata
    said = {
        "authors": f"{organisation.contact_name} <{organisation.contact_email}>",
        "created": when,
        "description": metadata.get("description", ""),
        "documentation": metadata.get("documentation", ""),
        "licenses": organisation.license,
        "title": package.name,
        "url": organisation.homepage,
        "vendor": organisation.name,
        "version": package.version,
    }
    return {f"{_PREFIX}{key}": visible(value) for key, value in said.items() if value}


def _index(manifests: list[dict[str, Any]], **more: object) -> dict[str, Any]:
    return {"schemaVersion": 2, "mediaType": oci_layout.INDEX, "manifests": manifests, **more}


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def recognises(data: bytes) -> bool:
    """Tell whether `data` is a plain tar that begins with a part of an image layout."""
    first = data[:100].split(b"\0", 1)[0].removeprefix(b"./").partition(b"/")[0]
    return data[257:262] == b"ustar" and first.decode("ascii", "replace") in oci_layout.PARTS


def unpack(_name: str, data: bytes) -> Unpacked:
    """Read an image of one layer, whose platforms all have the same, and check every digest."""
    entries = tar.unpack(".oci.tar", data)
    if link := next((one.path for one in entries if one.kind == "link"), ""):
        raise Malformed(f"{link}: is a link, and an image layout has none")
    members = {one.path: one.data for one in entries if one.kind == "file"}
    image = oci_layout.read(members)
    labels = image.labels
    return Unpacked(
        "oci",
        labels.get(f"{_PREFIX}title", ""),
        labels.get(f"{_PREFIX}version", ""),
        {
            "digest": image.digest,
            "platforms": ", ".join(image.platforms),
            **{key: value for key, value in labels.items() if key != "digest"},
        },
        tuple(replace(one, path=f"/{one.path}") for one in tar.unpack("layer", image.layer)),
        image.started,
    )
