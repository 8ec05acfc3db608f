"""Where trustpack's own recipes and templates lie."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parents[1]
# In a wheel the folders lie inside the package; in a checkout beside it.
ROOT = _HERE if (_HERE / "recipes").is_dir() else _HERE.parent
