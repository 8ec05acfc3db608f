"""The JSON of manifest.json, which `build --json` prints."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from builder.model import State  # noqa: TC001  msgspec reads annotations at run time
from builder.model.recipe import Keeping  # noqa: TC001  as below
from builder.release.manifest import DocumentKind  # noqa: TC001  as above
from builder.render.schema import TrustedJson
from builder.text.schema import DocumentJson, Sha256, Shape


class ReleasedJson(TrustedJson, frozen=True, omit_defaults=True):
    """One CA of a release: trusted, or blocked where the platform has a place for that."""

    state: Annotated[
        State | Literal[""], Meta(description="Where it is in its life: active, where nothing is said.")
    ] = ""
    since: Annotated[str, Meta(description="The day since when it is so, where it is given.")] = ""
    until: Annotated[str, Meta(description="The day on which it is to change, where it is given.")] = ""
    owner: Annotated[str, Meta(description="Who answers for it, where that is given.")] = ""
    evidence: Annotated[str, Meta(description="What says why, where that is given.")] = ""


class ArtifactJson(Shape, frozen=True, omit_defaults=True):
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
    unsigned: Annotated[
        Sha256 | Literal[""],
        Meta(description="The SHA-256 that it had before it was signed, where it has been."),
    ] = ""
    domains: Annotated[
        Keeping | Literal[""],
        Meta(
            description="What becomes of CAs' domains where it is installed: enforced, or allowed, where "
            "such a CA is trusted for all names."
        ),
    ] = ""
    signature: Annotated[
        str, Meta(description="The file of the signature that lies beside it, where there is one.")
    ] = ""


class ReleaseDocumentJson(Shape, frozen=True):
    """One document about a release: what it is made of, and by whom."""

    file: Annotated[str, Meta(description="The file's name, in the folder of the manifest.")]
    kind: Annotated[
        DocumentKind,
        Meta(
            description="sbom: what it is made of; statement: from what and by what it was made, for "
            "machines; envelope: that, signed; notes: what is new in it, for people; source: all that it was "
            "built from."
        ),
    ]
    size: Annotated[int, Meta(description="In bytes.")]
    sha256: Sha256


class ManifestJson(DocumentJson, frozen=True):
    """A release: what it trusts, and the files that make clients trust it."""

    organisation: Annotated[str, Meta(description="The organisation's slug.")]
    release: str
    epoch: Annotated[int, Meta(description="The time stamp of everything built, in seconds since 1970.")]
    certificates: list[ReleasedJson]
    artifacts: list[ArtifactJson]
    documents: Annotated[
        list[ReleaseDocumentJson], Meta(description="What 'trustpack attest' and 'trustpack sign' added.")
    ]
    distrusted: list[ReleasedJson]
    trustpack: Annotated[str, Meta(description="The version of trustpack that wrote it.")]
