"""What may stand at several keys of trustpack.yaml, and what each of its sections is."""

from __future__ import annotations

from typing import Annotated

import msgspec

from builder.text.values import END

# RFC 3986 without what shells expand: the URL stands in the commands people are shown.
Url = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^https?://[A-Za-z0-9._~:/?#@!,+=%\[\]-]+" + END,
        description="An http or https URL, without spaces, quotes, $, & or ;.",
    ),
]
FINGERPRINT = r"^[0-9a-fA-F]{2}(:?[0-9a-fA-F]{2}){31}" + END
Fingerprint = Annotated[
    str, msgspec.Meta(pattern=FINGERPRINT, description="A SHA-256: 64 hexadecimal digits.")
]
Day = Annotated[
    str,
    msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}" + END, description="A day, such as 2027-03-01."),
]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A section of the file; an unknown key is an error."""
