"""What differs from one organisation's package to the next's."""

import _demo_certifi as startup  # packers of programs find it by this line

__all__ = ["NAME", "VERSION", "startup"]

NAME = 'demo-certifi'
VERSION = '1.20260102'
