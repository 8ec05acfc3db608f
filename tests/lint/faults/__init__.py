"""Inputs with one fault each, by the rule that must find it: what tests/data/bad holds.

`python -m tests.lint.faults` writes the folder anew. All of it is made from fixed numbers (see
tests/lint/forge.py), so it comes out the same everywhere, and no key in it ever was a secret.
"""

from __future__ import annotations

from tests.lint.faults.bundles import FAULTS as _BUNDLES
from tests.lint.faults.certificates import FAULTS as _CERTIFICATES
from tests.lint.faults.extensions import FAULTS as _EXTENSIONS
from tests.lint.faults.keys import FAULTS as _KEYS
from tests.lint.faults.stores import FAULTS as _STORES
from tests.lint.faults.structures import FAULTS as _STRUCTURES
from tests.lint.faults.texts import FAULTS as _TEXTS

FAULTS = _TEXTS | _KEYS | _STRUCTURES | _STORES | _CERTIFICATES | _EXTENSIONS | _BUNDLES
