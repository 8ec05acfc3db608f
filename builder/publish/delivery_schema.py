"""The JSON that `trustpack publish` prints."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from builder.text.schema import DocumentJson, Sha256, Shape

_Registry = Annotated[str, Meta(description="The registry, as trustpack.yaml names it: pypi, http.debs …")]


class DeliveredJson(Shape, frozen=True):
    """A file at a registry."""

    registry: _Registry
    url: Annotated[str, Meta(description="The registry's address.")]
    file: str
    target: Annotated[str, Meta(description="Whose file it is; empty for what is about the whole release.")]
    package: Annotated[str, Meta(description="The package's name; empty for what is none.")]
    version: str
    size: Annotated[int, Meta(description="In bytes.")]
    sha256: Sha256
    outcome: Annotated[
        Literal["sent", "there", "unlisted"],
        Meta(
            description="sent: now; there: it had the same bytes already; unlisted: sent now, and a public "
            "registry does not show it yet."
        ),
    ]


class PlannedRequestJson(Shape, frozen=True):
    """A request that publishing would make."""

    registry: _Registry
    method: str
    url: str
    file: Annotated[str, Meta(description="The file that it is about; empty where it is about none.")]
    by: Annotated[str, Meta(description="The program that makes it; empty for trustpack itself.")]


class DeliveryJson(DocumentJson, frozen=True):
    """What came to registries, or with --dry-run which requests would be made."""

    folder: Annotated[str, Meta(description="The release's folder.")]
    organisation: Annotated[str, Meta(description="The organisation's slug.")]
    release: str
    dry_run: bool
    files: Annotated[list[DeliveredJson], Meta(description="Without --dry-run: each file, in its order.")]
    requests: Annotated[
        list[PlannedRequestJson], Meta(description="With --dry-run: each request, if nothing is there yet.")
    ]
