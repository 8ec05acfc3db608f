"""The JSON of manifest.json, which `build --json` prints."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from builder.render.schema import DistrustedJson, TrustedJson  # noqa: TC001  msgspec reads annotations at run time
from builder.text.schema import DocumentJson, Sha256, Shape


class ArtifactJson(Shape, frozen=True):
    """One file of a release."""

    target: str
    name: Annotated[str, Meta(description="What the package manager calls the package.")]
    version: Annotated[str, Meta(description="The version in that package manager's terms.")]
    file: Annotated[str, Meta(description="The file's name, in the folder of the manifest.")]
    size: Annotated[int, Meta(description="In bytes.")]
    sha256: Sha256
    install: Annotated[str, Meta(description="The commands that install it.")]
    verify: Annotated[str, Meta(description="The commands that show that it works.")]
    remove: Annotated[str, Meta(description="The commands that remove it.")]
    recipe: Annotated[str, Meta(description="A SHA-256 of the recipe, templates and settings that made it.")]


class ManifestJson(DocumentJson, frozen=True):
    """A release: what it trusts, and the files that make clients trust it."""

    organisation: Annotated[str, Meta(description="The organisation's slug.")]
    release: str
    epoch: Annotated[int, Meta(description="The time stamp of everything built, in seconds since 1970.")]
    certificates: list[TrustedJson]
    artifacts: list[ArtifactJson]
    distrusted: list[DistrustedJson]
    trustpack: Annotated[str, Meta(description="The version of trustpack that wrote it.")]
