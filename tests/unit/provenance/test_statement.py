"""The statement: in-toto's and SLSA's, and one way to write each down."""

import json

import pytest
from msgspec.structs import replace

from builder.errors import OutputError
from builder.provenance import statement as statements
from builder.release.documents import ReleaseDocument, described
from tests.unit.artifacts import artifact, describe
from tests.unit.provenance.stated import statement

MANIFEST = describe(artifact("a-1.deb"), artifact("b-1.rpm", b"other"))
NOTES = ReleaseDocument("acme-1.notes.md", "notes", b"new\n")


def test_it_has_the_fields_that_the_specifications_name() -> None:
    """By their names; what is trustpack's own is called so, as SLSA asks of extensions."""
    about = statements.about(statement(), described(MANIFEST, [NOTES]))
    assert json.loads(statements.encode(about)) == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": e.file, "digest": {"sha256": e.sha256}} for e in MANIFEST.artifacts],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": "urn:trustpack:build:1",
                "externalParameters": {"organisation": "acme", "release": "1", "targets": ["thing"]},
                "internalParameters": {"epoch": 1_790_000_000, "packagingRevision": 1},
                "resolvedDependencies": [{"name": "bundle.pem", "digest": {"sha256": "b" * 64}}],
                "trustpack_approvals": [{"name": "Ann", "key": "SHA256:abc"}],
            },
            "runDetails": {
                "builder": {"id": "urn:x", "version": {"trustpack": "0"}},
                "metadata": {"invocationId": "https://ci.example/7"},
                "byproducts": [{"name": NOTES.file, "digest": {"sha256": NOTES.summary.sha256}}],
            },
        },
    }


def test_it_is_read_as_it_was_written_and_in_no_other_way() -> None:
    """What is not the one encoding may say something else to another reader."""
    about = statements.about(statement(), MANIFEST)
    data = statements.encode(about)
    assert statements.decode(data, "x") == about
    for other in (
        b"",
        b"[]",
        data + b"\n",
        data.replace(b"  ", b" "),
        json.dumps(json.loads(data)).encode(),
        data.replace(b'"predicateType": ', b'"new": 1, "predicateType": '),
        data.replace(b'"subject": ', b'"subject": [], "subject": '),
        data.replace(b"a-1.deb", b"\\u0061-1.deb"),
        data.replace(b"provenance/v1", b"provenance/v2"),
        data.replace(b"b" * 64, b"B" * 64),
    ):
        assert other != data
        with pytest.raises(OutputError, match="x: is no statement that trustpack wrote"):
            statements.decode(other, "x")


def test_it_follows_the_files_when_they_are_signed() -> None:
    """All else stays."""
    first, second = MANIFEST.artifacts
    signed = replace(MANIFEST, artifacts=(first, replace(second, sha256="a" * 64)))
    before, after = statements.about(statement(), MANIFEST), statements.about(statement(), signed)
    assert [one.digest.sha256 for one in after.subject] == [first.sha256, "a" * 64]
    assert after.predicate == before.predicate
    assert statements.about(before, signed) == after
