"""Which certificates there is a file for each of, and what their paths may call them."""

from __future__ import annotations

import hashlib

import msgspec
import pytest

from builder.model import Bundle, RecipeFile
from builder.render.each import each
from tests.unit import bundles

_ROOT = bundles.bundle().certificates[0]
_ISSUED = msgspec.structs.replace(_ROOT, self_issued=False, sha256="0" * 64)
_BUNDLE = Bundle((_ROOT, _ISSUED), (_ROOT,))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("certificate", [_ROOT, _ISSUED]),
        ("trusted", [_ROOT, _ISSUED]),
        ("root", [_ROOT]),
        ("intermediate", [_ISSUED]),
        ("distrusted", [_ROOT]),
    ],
)
def test_a_content_says_which_certificates_are_meant(content: str, expected: list[object]) -> None:
    """Roots are those that have issued themselves."""
    entry = RecipeFile("{certificate}", content=content)  # type: ignore[arg-type]
    assert [one for one, _ in each(entry, _BUNDLE)] == expected


def test_a_path_may_have_the_name_that_windows_gives_it() -> None:
    """Its SHA-1, which is no secret and no proof."""
    ((_, names),) = each(RecipeFile("{thumbprint}", content="root"), _BUNDLE)
    digest = hashlib.sha1(_ROOT.der, usedforsecurity=False).hexdigest().upper()
    assert (names["certificate"], names["thumbprint"], names["hashed"]) == (_ROOT.stem, digest, "")
