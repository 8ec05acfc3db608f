"""The site's front page for people, and its feed of releases."""

from builder.repositories.page.index import render
from builder.repositories.page.stated import of_state
from builder.repositories.page.view import (
    FirstInstall,
    Guide,
    ProofTable,
    ProvenClient,
    ReleaseNews,
    SiteKey,
    SiteView,
)

__all__ = [
    "FirstInstall",
    "Guide",
    "ProofTable",
    "ProvenClient",
    "ReleaseNews",
    "SiteKey",
    "SiteView",
    "of_state",
    "render",
]
