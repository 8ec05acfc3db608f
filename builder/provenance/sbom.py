"""The bill of materials: which CAs a release holds and which files it is, in CycloneDX's JSON.

See https://cyclonedx.org/docs/1.6/json/ and 1.7. It says nothing that the manifest does not, so that it can
be made anew wherever the manifest is.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import uuid
from typing import TYPE_CHECKING, Any, Literal

from builder.model.domains import told
from builder.text.times import stamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from builder.model import CertificateSummary
    from builder.release.manifest import ArtifactSummary, Manifest

Version = Literal["1.6", "1.7"]
_DISTRUSTED = "distrusted"


def make(manifest: Manifest, version: Version = "1.6") -> bytes:
    """Return the bill of materials of a release."""
    blocked = {one.sha256 for one in manifest.distrusted}
    items = (*manifest.certificates, *manifest.distrusted)
    components = [_certificate(one, version, blocked=one.sha256 in blocked) for one in items]
    components += [_file(entry) for entry in manifest.artifacts]
    release = f"release:{manifest.organisation}:{manifest.release}"
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": version,
        "version": 1,
        "metadata": {
            "timestamp": stamp(dt.datetime.fromtimestamp(manifest.epoch, dt.UTC)),
            "tools": {"components": [_tool(manifest.trustpack)]},
            "component": {
                "type": "data",
                "bom-ref": release,
                "name": f"CA certificates of {manifest.organisation}",
                "version": manifest.release,
            },
        },
        "components": components,
        "dependencies": [
            {"ref": release, "dependsOn": [one["bom-ref"] for one in components if "scope" not in one]}
        ],
    }
    # Another number for each content, and the same for the same.
    digest = hashlib.sha256(json.dumps(document).encode("ascii")).hexdigest()
    serial = uuid.uuid5(uuid.NAMESPACE_URL, f"urn:trustpack:sbom:{digest}")
    numbered = {**document, "serialNumber": f"urn:uuid:{serial}"}
    return (json.dumps(numbered, indent=2, ensure_ascii=True) + "\n").encode("ascii")


def version(data: bytes) -> Version:
    """Return the version of CycloneDX that a bill of materials of ours is in."""
    return "1.7" if b'"specVersion": "1.7"' in data else "1.6"


def _tool(version: str) -> Mapping[str, str]:
    return {"type": "application", "name": "trustpack", **({"version": version} if version else {})}


def _certificate(item: CertificateSummary, version: Version, *, blocked: bool) -> dict[str, Any]:
    """Return a CA; a distrusted one is in the release as what is to be blocked, and so is excluded."""
    properties = {
        "state": _DISTRUSTED if blocked else item.state or "active",
        "public-key": item.key,
        "public-key-sha256": item.spki_sha256,
        "since": item.since,
        "until": item.until,
        "owner": item.owner,
        "evidence": item.evidence,
        "domains": told(item.domains),
    }
    described: dict[str, Any] = {
        "subjectName": item.subject,
        "issuerName": item.issuer,
        **({"serialNumber": item.serial} if version == "1.7" else {}),
        **_times(item),
        "certificateFormat": "X.509",
    }
    return {
        "type": "cryptographic-asset",
        "bom-ref": f"certificate:{item.sha256}",
        "name": item.subject or item.sha256,
        **({"scope": "excluded"} if blocked else {}),
        "hashes": [{"alg": "SHA-256", "content": item.sha256}],
        "cryptoProperties": {"assetType": "certificate", "certificateProperties": described},
        "properties": list(_properties(properties)),
    }


def _times(item: CertificateSummary) -> dict[str, str]:
    found = {"notValidBefore": item.not_before, "notValidAfter": item.not_after}
    return {key: stamp(moment) for key, moment in found.items() if moment is not None}


def _file(entry: ArtifactSummary) -> dict[str, Any]:
    properties = {
        "target": entry.target,
        "package": entry.name,
        "size": str(entry.size),
        "unsigned-sha256": entry.unsigned,
        "signature": entry.signature,
        "recipe-sha256": entry.recipe,
        "install": entry.install,
        "verify": entry.verify,
        "remove": entry.remove,
    }
    return {
        "type": "file",
        "bom-ref": f"file:{entry.file}",
        "name": entry.file,
        "version": entry.version,
        "hashes": [{"alg": "SHA-256", "content": entry.sha256}],
        "properties": list(_properties(properties)),
    }


def _properties(values: Mapping[str, str]) -> Iterator[dict[str, str]]:
    for key, value in values.items():
        if value:
            yield {"name": f"trustpack:{key}", "value": value}
