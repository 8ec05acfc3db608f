"""Inputs with one fault each, by the rule that must find it: what tests/data/bad holds.

`python -m tests.lint.faults` writes the folder anew. All of it is made from fixed numbers (see
tests/lint/forge.py), so it comes out the same everywhere, and no key in it ever was a secret.
"""

from __future__ import annotations

from tests.lint.faults import bundles, certificates, extensions, keys, stores, structures, texts

FAULTS = (
    texts.FAULTS | keys.FAULTS | structures.FAULTS | stores.FAULTS | certificates.FAULTS | extensions.FAULTS
) | bundles.FAULTS
