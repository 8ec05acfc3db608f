"""A plain PEM bundle: certificates and nothing else."""

from __future__ import annotations

from builder.formats.unpacked import Entry, Unpacked


def recognises(data: bytes) -> bool:
    """Tell whether `data` is text of which a line opens a PEM block."""
    # A damaged archive of PEM files has such a line too, and zero bytes.
    return b"\0" not in data and (data.startswith(b"-----BEGIN ") or b"\n-----BEGIN " in data)


def unpack(name: str, data: bytes) -> Unpacked:
    """Return the bundle as a package of one file."""
    return Unpacked("pem", "", "", {}, (Entry(name, data),))
