"""Which certificates there is a file for each of, and what each is called in the file's path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.x509.subject_hash import subject_hash

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from builder.model import Bundle, Certificate, RecipeFile
    from builder.model.recipe import Content


def each(entry: RecipeFile, bundle: Bundle) -> Iterator[tuple[Certificate, Mapping[str, str]]]:
    """Yield each certificate that an entry is made of, with the placeholders of its path."""
    certificates = _meant(entry.content, bundle)
    hashes = _hashed(certificates) if "{hashed}" in entry.path else [""] * len(certificates)
    for one, hashed in zip(certificates, hashes, strict=True):
        yield one, {"certificate": one.stem, "hashed": hashed, "thumbprint": one.thumbprint}


def _meant(content: Content, bundle: Bundle) -> Sequence[Certificate]:
    if content == "distrusted":
        return bundle.distrusted
    if content in ("root", "intermediate"):
        return [one for one in bundle.certificates if one.self_issued == (content == "root")]
    return bundle.certificates


def _hashed(certificates: Sequence[Certificate]) -> list[str]:
    """Return the names by which OpenSSL finds these in a folder; of one subject, roots come first."""
    hashes = [subject_hash(one.der) for one in certificates]
    order = sorted(range(len(hashes)), key=lambda index: not certificates[index].self_issued)
    return [
        f"{own}.{sum(hashes[other] == own for other in order[: order.index(index)])}"
        for index, own in enumerate(hashes)
    ]
