"""The `repository` section of trustpack.yaml: the site that `trustpack repo` builds."""

from __future__ import annotations

from typing import Annotated

import msgspec

from builder.config.values import Section
from builder.text.values import END


class RepositorySection(Section, frozen=True):
    """The site that `trustpack repo` builds: what signs it, and for how long it counts."""

    keys: Annotated[
        str,
        msgspec.Meta(
            min_length=1,
            description="The folder of its keys, as 'trustpack keys new' makes it, from this file.",
        ),
    ] = "keys"
    signer: (
        Annotated[
            list[Annotated[str, msgspec.Meta(min_length=1)]],
            msgspec.Meta(
                min_length=1,
                description="A program that signs instead of private keys in files: it takes a digest on "
                "standard input and writes the raw signature; 'trustpack docs keys' says how.",
            ),
        ]
        | None
    ) = None
    valid: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^[1-9][0-9]{0,3}d" + END,
            description="For how many days clients take what is signed; sign again long before, such as 60d.",
        ),
    ] = "60d"
    keep: (
        Annotated[
            str,  # as every scalar is that we read; an editor takes it for a number
            msgspec.Meta(
                pattern=r"^([2-9]|[1-9][0-9]{1,4})" + END,
                description="How many releases stay on the site, 2 or more; without it, all of them.",
            ),
        ]
        | None
    ) = None
    architectures: Annotated[
        list[
            Annotated[
                str,
                msgspec.Meta(pattern=r"^[a-z0-9_]+" + END, description="A processor's name, such as x86_64."),
            ]
        ],
        msgspec.Meta(
            min_length=1, description="The processors of Alpine and Arch machines, as those call them."
        ),
    ] = msgspec.field(default_factory=lambda: ["x86_64", "aarch64"])
