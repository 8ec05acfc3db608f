"""The stores: where a site's files lie, in a folder or a bucket, and the one place where they are written."""

from __future__ import annotations

from builder.repositories.stores.folder import FolderStore, FolderTurn
from builder.repositories.stores.publish import JOURNAL, Action, Changes, Write, publish, unfinished
from builder.repositories.stores.store import (
    MAX_BYTES,
    Content,
    InvalidNameError,
    OversizedError,
    SiteReader,
    SiteStore,
    Turn,
)

__all__ = [
    "JOURNAL",
    "MAX_BYTES",
    "Action",
    "Changes",
    "Content",
    "FolderStore",
    "FolderTurn",
    "InvalidNameError",
    "OversizedError",
    "SiteReader",
    "SiteStore",
    "Turn",
    "Write",
    "publish",
    "unfinished",
]
