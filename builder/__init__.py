"""trustpack: an organisation's CA bundle in, packages that make every client trust it out."""

__version__ = "0.1.0"

# Raised when packages of the same input get other bytes: locks pin it. A test compares them with a table.
PACKAGING_REVISION = 4
