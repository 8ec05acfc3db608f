"""The JSON that `attest` prints."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from builder.release.schema import ReleaseDocumentJson  # noqa: TC001  msgspec reads annotations at run time
from builder.text.schema import DocumentJson


class AttestJson(DocumentJson, frozen=True):
    """The documents that a release has now."""

    folder: str
    organisation: Annotated[str, Meta(description="The organisation's slug.")]
    release: str
    documents: Annotated[list[ReleaseDocumentJson], Meta(description="As its manifest lists them.")]
