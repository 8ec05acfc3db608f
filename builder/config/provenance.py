"""The section of trustpack.yaml about what vouches for a release."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from builder.config.values import Section


class ProvenanceSection(Section, frozen=True):
    """What 'trustpack attest' adds to a release."""

    source: Annotated[
        Literal["offer", "withhold"],
        msgspec.Meta(
            description="Whether source.tar is among it: bundle, lock, configuration and own recipes, by "
            "which anybody can build the release again."
        ),
    ] = "offer"
