"""RPM packages of format 4 (rpm.org: Format of the RPM file): lead, two headers and a cpio archive."""

from builder.formats.rpm.read import recognises, unpack
from builder.formats.rpm.write import METADATA, SCRIPTS, write

__all__ = ["METADATA", "SCRIPTS", "recognises", "unpack", "write"]
