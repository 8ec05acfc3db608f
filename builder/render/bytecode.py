"""Compiled templates, kept beside the built-in ones as Python keeps compiled modules: in `__pycache__`.

Only trustpack's own have any: what lies beside an organisation's templates may come from anybody.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2

from builder import __version__

if TYPE_CHECKING:
    from jinja2.bccache import Bucket

# The environment that compiles is set up in this room: what another state of it compiled is not taken.
_STATE = max(path.stat().st_mtime_ns for path in Path(__file__).parent.glob("*.py"))


class Compiled(jinja2.FileSystemBytecodeCache):
    """The compiled templates of one folder; where nothing can be kept, each process compiles its own."""

    def __init__(self, templates: Path) -> None:
        """Keep what is compiled for this Python, Jinja and trustpack; Jinja itself compares the templates."""
        self._folder = templates / "__pycache__"
        made_by = f"{sys.implementation.cache_tag}.jinja2-{jinja2.__version__}.{__version__}-{_STATE:x}"
        super().__init__(str(self._folder), f"%s.{made_by}")

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take what was kept, if there is anything that can be read."""
        with contextlib.suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a compiled template, if Python may keep compiled modules and the folder can be written."""
        if not sys.dont_write_bytecode:
            with contextlib.suppress(OSError):
                self._folder.mkdir(exist_ok=True)
                super().dump_bytecode(bucket)
