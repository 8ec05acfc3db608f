"""Artifacts that hold next to nothing, and manifests that describe them."""

import hashlib

from builder.model import Artifact, Bundle
from builder.model.release import Release
from builder.release import manifest as manifests
from builder.release.manifest import Manifest
from tests.unit import bundles

BUNDLE = bundles.bundle("Acme Root")


def artifact(filename: str, data: bytes = b"data", target: str = "thing") -> Artifact:
    """Return an artifact that holds `data`."""
    digest = hashlib.sha256(data).hexdigest()
    return Artifact(target, "acme-thing", "1", filename, data, digest, "install it", "verify it", "remove it")


def describe(*artifacts: Artifact, release: str = "1", bundle: Bundle = BUNDLE) -> Manifest:
    """Return the manifest of a release of `artifacts`."""
    return manifests.describe_release(
        organisation="acme",
        release=Release(release),
        epoch=1_790_000_000,
        bundle=bundle,
        artifacts=artifacts,
        version="0",
    )
