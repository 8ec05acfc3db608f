"""Seal a release's statement when its packages are signed: about the final files, in a signed envelope."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from builder.errors import OutputError
from builder.provenance import sbom
from builder.provenance import statement as statements
from builder.release import documents
from builder.release.documents import ReleaseDocument
from builder.signing import dsse, opinion
from builder.text import files

if TYPE_CHECKING:
    from pathlib import Path

    from builder.provenance.statement import Statement
    from builder.release.manifest import DocumentSummary, Manifest
    from builder.signing.keyring import Keyring

_AGAIN = "make it again, where the project is: trustpack attest"


class Seal(msgspec.Struct, frozen=True):
    """What seals the statement of the release in `folder`; without a key for that there is no envelope."""

    folder: Path
    keys: Keyring

    def __call__(self, before: Manifest, after: Manifest) -> tuple[ReleaseDocument, ...]:
        """Return bill of materials, statement and envelope about the files that `after` describes.

        None where the release has no statement. Raises OutputError, SignatureError or ToolError.
        """
        statement = document(before, "statement")
        if statement is None:
            return ()
        made = []
        if bill := document(before, "sbom"):
            made.append(ReleaseDocument(bill.file, "sbom", self._bill(bill, after)))
        about = statements.about(self._stated(statement, before), documents.described(after, made))
        text = statements.encode(about)
        made.append(ReleaseDocument(statement.file, "statement", text))
        if self.keys.statement_signers:
            name = f"{statement.file.removesuffix('.json')}.dsse.json"
            made.append(ReleaseDocument(name, "envelope", self._sealed(text)))
        return tuple(made)

    def _bill(self, bill: DocumentSummary, after: Manifest) -> bytes:
        return sbom.make(after, sbom.version(_read(self.folder / bill.file)))

    def _stated(self, statement: DocumentSummary, before: Manifest) -> Statement:
        """Return the statement: as described, or as a run made it that was ended before it described it."""
        path = self.folder / statement.file
        found = statements.decode(_read(path), str(path))
        as_before = hashlib.sha256(statements.encode(statements.about(found, before))).hexdigest()
        if as_before != statement.sha256:
            raise OutputError(f"{path}: is not what the manifest describes", hint=_AGAIN)
        return found

    def _sealed(self, text: bytes) -> bytes:
        envelope = self.keys.seal(text)
        for key, one in zip(self.keys.statement_signers, dsse.read(envelope, "it").signatures, strict=True):
            opinion.statement(key.public, dsse.to_sign(text), one.sig)
        return envelope


def document(manifest: Manifest, kind: str) -> DocumentSummary | None:
    """Return the release's document of a kind, None where it has none."""
    return next((one for one in manifest.documents if one.kind == kind), None)


def _read(path: Path) -> bytes:
    try:
        return files.read(path, files.PACKAGE_BYTES)
    except OSError as error:
        raise OutputError(f"{path}: cannot be read: {error.strerror or error}", hint=_AGAIN) from None
