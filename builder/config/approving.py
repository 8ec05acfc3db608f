"""The `approvals` section of trustpack.yaml: who approves what the lock says, and how many of them."""

from __future__ import annotations

from typing import Annotated

import msgspec

from builder.config.values import Section
from builder.text.values import END, LINE

_LONGEST = 80  # characters of a name
_COUNT = r"^[1-9][0-9]?" + END


class ApprovalsSection(Section, frozen=True):
    """Who approves a change of the lock: a build refuses one that too few of them have signed."""

    needed: Annotated[
        str,  # as every scalar is that we read; an editor takes it for a number
        msgspec.Meta(pattern=_COUNT, description="How many approvers sign a change, 1 or more."),
    ]
    approvers: Annotated[
        dict[str, Annotated[str, msgspec.Meta(min_length=1)]],
        msgspec.Meta(
            description="By name: an SSH public key on one line, an armored OpenPGP public key, or a file "
            "with one of them, from this file.",
            extra_json_schema={"propertyNames": {"pattern": LINE, "maxLength": _LONGEST}},
        ),
    ]
    distrust: (
        Annotated[
            str,
            msgspec.Meta(
                pattern=_COUNT,
                description="How many sign a change that only distrusts CAs; without it, as many as another.",
            ),
        ]
        | None
    ) = None
