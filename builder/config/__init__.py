"""trustpack.yaml, read strictly: whose bundle it is, what is in it, and what is built from it."""

from builder.config.file import address, minimal, organisation, read, read_with_lines
from builder.config.sections import (
    FILE_NAME,
    AuthoritySection,
    BundleSection,
    Config,
    LifecycleSection,
    OrganisationSection,
    OverrideSection,
    schema,
)
from builder.config.values import FINGERPRINT

__all__ = [
    "FILE_NAME",
    "FINGERPRINT",
    "AuthoritySection",
    "BundleSection",
    "Config",
    "LifecycleSection",
    "OrganisationSection",
    "OverrideSection",
    "address",
    "minimal",
    "organisation",
    "read",
    "read_with_lines",
    "schema",
]
