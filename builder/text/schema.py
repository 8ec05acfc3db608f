"""What the types of printed JSON share: each room has a `schema.py` that says what its commands print.

A test holds them to what the commands print; `trustpack schema` prints them as JSON Schema (2020-12).
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta


class Shape(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A JSON object that has these keys and no others."""


class DocumentJson(Shape, frozen=True):
    """A whole JSON document."""

    schema: Annotated[int, Meta(description="The version of this document's format.")]


Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="A SHA-256, 64 lower-case hex digits.")]
Moment = Annotated[
    str,
    Meta(
        pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$",
        description="A time in UTC, as RFC 3339 writes it.",
    ),
]
Subject = Annotated[str, Meta(description="The certificate's subject.")]


def schema(kind: Any, title: str) -> dict[str, Any]:
    """Return the JSON Schema of what a `schema.py` describes."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title} | msgspec.json.schema(
        kind
    )
