"""What is published: the files of a release, each read once and verified against the manifest."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import msgspec

from builder import inspect
from builder.errors import NotAPackageError, OutputError, UsageError
from builder.release import documents, folder
from builder.release.manifest import MANIFEST, SUMS, to_json
from builder.signing import finished
from builder.text import files
from builder.text.quoting import visible

if TYPE_CHECKING:
    from pathlib import Path

    from builder.formats.unpacked import Unpacked
    from builder.release.manifest import ArtifactSummary, Manifest

_ARCHITECTURE = ("Architecture", "Arch", "arch")  # as .deb, .rpm and the others call it
_PUSH_HOST = re.compile(r"allowed_push_host\W+(https?://[^\s\"',}]+)")


class _PublishConfig(msgspec.Struct, frozen=True):
    registry: str = ""


class _NpmManifest(msgspec.Struct, frozen=True):
    publish: _PublishConfig = msgspec.field(default_factory=_PublishConfig, name="publishConfig")


PRIVATE = "Private :: Do Not Upload"  # which PyPI and its like refuse


class ReleaseFile(msgspec.Struct, frozen=True):
    """A file of a release: of a target, an artifact or its signature; or about all of it.

    Of what is no package, `format` and `package` are empty, and `version` is the release's. `only` is where
    it says that it may be published: an address, or PRIVATE for nowhere public; empty for anywhere.
    """

    name: str
    data: bytes
    version: str
    target: str = ""
    format: str = ""
    package: str = ""
    architecture: str = ""
    signature: bool = False
    only: str = ""

    def __repr__(self) -> str:
        """Say which it is."""
        return f"{type(self).__name__}({self.name!r})"

    @property
    def sha256(self) -> str:
        """The SHA-256 of its bytes, in hex."""
        return hashlib.sha256(self.data).hexdigest()


class Shipment(msgspec.Struct, frozen=True):
    """A release that may be sent; `notes` say what is new in it."""

    manifest: Manifest
    files: tuple[ReleaseFile, ...]
    notes: str = ""


def read(path: Path, organisation: str) -> Shipment:
    """Return an organisation's release in a folder; what was read is what gets sent, whatever happens to it.

    Raises SiteError or OutputError where the folder holds none, or a file is not what its manifest describes,
    and UsageError where it is another organisation's: where that may go, its own configuration says.
    """
    manifest = finished.described(path)
    if manifest.organisation != organisation:
        raise UsageError(
            f"{path}: is of {visible(manifest.organisation)}, and the configuration of {organisation}",
            hint="name the configuration that it was built with: --config FILE",
        )
    data = finished.artifacts(path, manifest)
    artifacts = [_artifact(entry, data[entry.file]) for entry in manifest.artifacts]
    signatures = [
        ReleaseFile(
            entry.signature,
            _signature(path / entry.signature),
            manifest.release,
            target=entry.target,
            signature=True,
        )
        for entry in manifest.artifacts
        if entry.signature
    ]
    said = {one: documents.read(path, one) for one in manifest.documents}
    others = {one.file: data for one, data in said.items()}
    others |= {MANIFEST: to_json(manifest), SUMS: folder.sums(manifest)}
    beside = [ReleaseFile(name, data, manifest.release) for name, data in others.items()]
    notes = "".join(data.decode("utf-8", "replace") for one, data in said.items() if one.kind == "notes")
    return Shipment(manifest, (*artifacts, *signatures, *beside), notes)


def _artifact(entry: ArtifactSummary, data: bytes) -> ReleaseFile:
    try:
        package = inspect.unpack(entry.file, data)
    except NotAPackageError:
        return ReleaseFile(entry.file, data, entry.version, entry.target)
    return ReleaseFile(
        entry.file,
        data,
        package.version,
        entry.target,
        package.format,
        package.name,
        next((package.metadata[key] for key in _ARCHITECTURE if key in package.metadata), ""),
        only=_only(package),
    )


def _only(package: Unpacked) -> str:
    """Return where a package says that it may be published; see ReleaseFile."""
    if package.format == "wheel":
        return PRIVATE if PRIVATE in package.metadata.get("Classifier", "") else ""
    if package.format == "gem":
        found = _PUSH_HOST.search(package.metadata.get("metadata", ""))
        return found[1] if found else ""
    if package.format == "npm":
        manifest = next((one.data for one in package.entries if one.path.endswith("package.json")), b"{}")
        return msgspec.json.decode(manifest, type=_NpmManifest).publish.registry
    return ""


def _signature(path: Path) -> bytes:
    try:
        return files.read(path)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be read: {error.strerror or error}", hint="sign it again"
        ) from None
