"""The bill of materials: valid by CycloneDX's own schemas, and all that an auditor asks is in it."""

import json
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from msgspec.structs import replace

from builder.model import Bundle
from builder.provenance import sbom
from tests.unit import bundles
from tests.unit.artifacts import artifact, describe

BUNDLE = Bundle(
    bundles.bundle("Acme Root", "Acme \x07 *Root* 2").certificates, bundles.bundle("Gone").certificates
)
MANIFEST = describe(artifact("a-1.deb"), artifact("b-1.rpm", b"other"), bundle=BUNDLE)
SCHEMAS = {"1.6": SchemaVersion.V1_6, "1.7": SchemaVersion.V1_7}


@pytest.mark.parametrize("version", ["1.6", "1.7"])
def test_it_is_valid_by_the_schema_that_it_names(version: sbom.Version) -> None:
    """Strictly: no key that the schema does not know, and every format is checked."""
    made = sbom.make(MANIFEST, version)
    assert JsonStrictValidator(SCHEMAS[version]).validate_str(made.decode("ascii")) is None
    assert (sbom.version(made), json.loads(made)["specVersion"]) == (version, version)
    broken = made.replace(b'"certificateFormat"', b'"certificateform"')
    assert JsonStrictValidator(SCHEMAS[version]).validate_str(broken.decode("ascii")) is not None


def _components(made: bytes, kind: str) -> list[dict[str, Any]]:
    return [one for one in json.loads(made)["components"] if one["type"] == kind]


def test_each_ca_is_a_cryptographic_asset_with_its_fingerprint() -> None:
    """With names and validity; one that is blocked is excluded, and nothing depends on it."""
    made = sbom.make(MANIFEST)
    found = _components(made, "cryptographic-asset")
    items = (*BUNDLE.certificates, *BUNDLE.distrusted)
    assert [one["hashes"] for one in found] == [
        [{"alg": "SHA-256", "content": item.sha256}] for item in items
    ]
    described = found[0]["cryptoProperties"]["certificateProperties"]
    assert found[0]["cryptoProperties"]["assetType"] == "certificate"
    assert described == {
        "subjectName": items[0].subject,
        "issuerName": items[0].issuer,
        "notValidBefore": "2026-11-23T12:00:00Z",
        "notValidAfter": f"{items[0].not_after:%Y-%m-%dT%H:%M:%SZ}",
        "certificateFormat": "X.509",
    }
    assert [one.get("scope", "required") for one in found] == ["required", "required", "excluded"]
    assert {"name": "trustpack:state", "value": "distrusted"} in found[2]["properties"]
    needed = json.loads(made)["dependencies"][0]["dependsOn"]
    assert [f"certificate:{item.sha256}" in needed for item in items] == [True, True, False]


def test_each_artifact_is_a_file_with_its_digest() -> None:
    """That of the file as it is, and the one it had before it was signed."""
    (first, second) = MANIFEST.artifacts
    signed = replace(MANIFEST, artifacts=(first, replace(second, sha256="a" * 64, unsigned=second.sha256)))
    found = {one["name"]: one for one in _components(sbom.make(signed), "file")}
    assert found["a-1.deb"]["hashes"] == [{"alg": "SHA-256", "content": first.sha256}]
    assert found["b-1.rpm"]["hashes"] == [{"alg": "SHA-256", "content": "a" * 64}]
    assert {"name": "trustpack:unsigned-sha256", "value": second.sha256} in found["b-1.rpm"]["properties"]


def test_the_same_release_has_the_same_bytes_and_another_one_another_number() -> None:
    """The serial number comes from what it says, and its time from the release."""
    one, other = sbom.make(MANIFEST), sbom.make(describe(artifact("a-1.deb"), bundle=BUNDLE))
    assert one == sbom.make(MANIFEST)
    assert json.loads(one)["serialNumber"] != json.loads(other)["serialNumber"]
    assert json.loads(one)["metadata"]["timestamp"] == "2026-09-21T14:13:20Z"
