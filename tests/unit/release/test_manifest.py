"""The manifest: what a release is, and nothing that could be told to do harm."""

import hashlib
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import OutputError
from builder.model import Bundle
from builder.release import manifest as manifests
from tests.unit import bundles
from tests.unit.artifacts import BUNDLE, artifact, describe


def _stored(**changes: object) -> bytes:
    value = json.loads(manifests.to_json(describe(artifact("a-1.deb"))))
    return json.dumps(value | changes).encode()


_ARTIFACT = json.loads(_stored())["artifacts"][0]
_DOCUMENT = {"file": "acme-1.notes.md", "kind": "notes", "size": 0, "sha256": "0" * 64}
_CERTIFICATE = json.loads(_stored())["certificates"][0]


def test_the_manifest_says_what_an_auditor_asks() -> None:
    """Release, certificates with fingerprint and validity, artifacts with size, digest and commands."""
    found = json.loads(manifests.to_json(describe(artifact("a-1.deb"))).decode("ascii"))
    certificate = BUNDLE.certificates[0]
    assert (found["schema"], found["organisation"], found["release"]) == (1, "acme", "1")
    assert found["artifacts"] == [
        {
            "target": "thing",
            "name": "acme-thing",
            "version": "1",
            "file": "a-1.deb",
            "size": 4,
            "sha256": hashlib.sha256(b"data").hexdigest(),
            "install": "install it",
            "verify": "verify it",
            "remove": "remove it",
        }
    ]
    assert found["certificates"][0]["sha256"] == certificate.sha256
    assert found["certificates"][0]["not_before"] == "2026-11-23T12:00:00Z"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff\xfe",
        b'{"name": "a web app", "icons": []}',
        _stored(certificates=[{}]),
        _stored(distrusted=[{"sha256": "00", "subject": "", "not_before": ""}]),
        _stored(release="latest"),
        _stored(release="1.2.3.4"),
        _stored(artifacts=[_ARTIFACT | {"file": "../outside"}]),
        _stored(artifacts=[_ARTIFACT | {"file": "manifest.json"}]),
        _stored(artifacts=[_ARTIFACT | {"file": "SHA256SUMS"}]),
        _stored(artifacts=[_ARTIFACT | {"file": "proof.md"}]),
        _stored(certificates=[_CERTIFICATE | {"not_after": "2026-02-30T00:00:00Z"}]),
        _stored(certificates=[_CERTIFICATE | {"not_before": ""}]),
        _stored(artifacts=[_ARTIFACT | {"file": ".hidden"}]),
        _stored(artifacts=[_ARTIFACT | {"file": "a\n"}]),
        _stored(documents=[_DOCUMENT | {"file": "a-1.deb"}]),
        _stored(documents=[_DOCUMENT | {"file": "manifest.json"}]),
        _stored(documents=[_DOCUMENT | {"file": "../outside"}]),
        _stored(documents=[_DOCUMENT, _DOCUMENT]),
        _stored(documents=[_DOCUMENT | {"kind": "poem"}]),
        _stored(artifacts=[_ARTIFACT | {"sha256": "é"}]),
        _stored(documents=[_DOCUMENT | {"sha256": ""}]),
        _stored(epoch=-1),
        _stored(epoch=253_402_300_800),
        _stored(epoch=10**400),
    ],
)
def test_what_no_build_wrote_is_no_manifest(tmp_path: Path, data: bytes) -> None:
    """It may be another program's, or name files outside."""
    (tmp_path / "manifest.json").write_bytes(data)
    with pytest.raises(OutputError, match="is not a trustpack manifest") as caught:
        manifests.read_manifest(tmp_path)
    assert "--out" in caught.value.hint


@given(
    key=st.sampled_from([*sorted(json.loads(_stored())), "new"]),
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    ),
)
def test_no_manifest_ends_in_anything_but_a_release_or_an_error_of_ours(key: str, value: object) -> None:
    """Any value in any place is understood or refused."""
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "manifest.json").write_bytes(_stored(**{key: value}))
        said = _complaint(Path(name))
        assert said == "" or said.startswith(f"{name}/manifest.json: ")


def _complaint(folder: Path) -> str:
    try:
        found = manifests.read_manifest(folder)
    except OutputError as error:
        return str(error)
    return "" if found and manifests.same_content(found, found) else "strange"


def test_a_release_of_three_numbers_is_read(tmp_path: Path) -> None:
    """They were made once."""
    (tmp_path / "manifest.json").write_bytes(_stored(release="2026.10.1"))
    found = manifests.read_manifest(tmp_path)
    assert found is not None
    assert found.release == "2026.10.1"


def test_a_manifest_of_another_schema_names_who_wrote_it(tmp_path: Path) -> None:
    """A later trustpack's folder is not taken apart by this one."""
    (tmp_path / "manifest.json").write_bytes(_stored(schema=2, trustpack="9.1"))
    with pytest.raises(
        OutputError, match=r"manifest\.json: was written by trustpack 9\.1, whose schema is 2"
    ):
        manifests.read_manifest(tmp_path)


def test_content_is_the_certificates_and_the_bytes() -> None:
    """Another certificate or another byte under one name is other content; another file name is not."""
    one = describe(artifact("a-1.deb"))
    assert manifests.same_content(one, describe(artifact("a-1.deb"), artifact("b-1.deb")))
    assert not manifests.same_content(one, describe(artifact("a-1.deb", b"changed")))
    assert not manifests.same_content(one, describe(artifact("a-1.deb"), bundle=bundles.bundle("Acme Root")))
    blocking = Bundle(BUNDLE.certificates, bundles.bundle("Acme Gone").certificates)
    assert not manifests.same_content(one, describe(artifact("a-1.deb"), bundle=blocking))
