"""The `lifecycle.hosts` section of trustpack.yaml: how many hosts must have a CA before it is needed."""

from __future__ import annotations

from typing import Annotated

import msgspec

from builder.config.values import Day, Fingerprint, Section
from builder.text import shares
from builder.text.values import END, Line


class HostsOverrideSection(Section, frozen=True):
    """A step that is taken whatever the hosts have, until a day."""

    fingerprint: Fingerprint
    reason: Annotated[Line, msgspec.Meta(description="Why the step cannot wait, on one line.")]
    until: Annotated[Day, msgspec.Meta(description="The last day on which it holds, such as 2027-03-01.")]


class HostsSection(Section, frozen=True):
    """What `trustpack lock` asks of a report on hosts before a CA is used, or its predecessor taken out."""

    at_least: Annotated[
        str,
        msgspec.Meta(
            pattern=shares.PATTERN, description="Which part of the hosts must trust a CA, such as 99%."
        ),
    ]
    max_age: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^[1-9][0-9]{0,3}d" + END,
            description="How old what a host has reported may be to count, such as 7d.",
        ),
    ] = "7d"
    overrides: Annotated[
        list[HostsOverrideSection],
        msgspec.Meta(
            description="Steps that cannot wait, by the CA that they are about; the lock keeps them."
        ),
    ] = msgspec.field(default_factory=list)
