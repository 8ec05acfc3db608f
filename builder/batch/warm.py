"""What a worker of the local cluster does before its first chunk: Dask preloads this module."""

from __future__ import annotations

import gc

from builder.batch import building, work

__all__ = ["building", "work"]

# As the command line has it: what a build makes is not garbage before it ends.
gc.set_threshold(100_000)
gc.freeze()
