"""trustpack.yaml, read strictly: whose bundle it is, what is in it, and what is built from it."""

from builder.config.approving import ApprovalsSection
from builder.config.file import address, minimal, organisation, parse_every, read, read_every, read_with_lines
from builder.config.hosts import HostsOverrideSection, HostsSection
from builder.config.private import private_markers
from builder.config.publishing import (
    DESTINATIONS,
    MARKED,
    Destination,
    GiteaSection,
    GitHubSection,
    GitLabSection,
    HttpSection,
    NpmSection,
    PublishSection,
    PyPISection,
    RubyGemsSection,
)
from builder.config.realms import named as named_realm
from builder.config.sections import (
    FILE_NAME,
    LONGEST_SLUG,
    REALM,
    SLUG,
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
    "DESTINATIONS",
    "FILE_NAME",
    "FINGERPRINT",
    "LONGEST_SLUG",
    "MARKED",
    "REALM",
    "SLUG",
    "ApprovalsSection",
    "AuthoritySection",
    "BundleSection",
    "Config",
    "Destination",
    "GitHubSection",
    "GitLabSection",
    "GiteaSection",
    "HostsOverrideSection",
    "HostsSection",
    "HttpSection",
    "LifecycleSection",
    "NpmSection",
    "OrganisationSection",
    "OverrideSection",
    "PublishSection",
    "PyPISection",
    "RubyGemsSection",
    "address",
    "minimal",
    "named_realm",
    "organisation",
    "parse_every",
    "private_markers",
    "read",
    "read_every",
    "read_with_lines",
    "schema",
]
