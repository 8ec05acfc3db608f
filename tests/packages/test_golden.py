"""What the demo organisation's packages hold, file by file, as text that people review.

`pytest tests/packages/test_golden.py --update-golden` writes tests/golden anew; git diff shows the change.
"""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import targets
from tests.packages import readers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.packages.built import Built

_ROOT = Path(__file__).parents[2]
_GOLDEN = _ROOT / "tests" / "golden"


@pytest.mark.parametrize("target", targets.ALL)
def test_packages_are_as_reviewed(demo: Built, target: str, *, request: pytest.FixtureRequest) -> None:
    """Each target's listing, scripts, metadata and rendered texts are the reviewed ones."""
    folder = _GOLDEN / target
    texts = dict(_texts(demo, target))
    if request.config.getoption("--update-golden"):
        _write(folder, texts)
    assert sorted(texts) == sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    for name, text in texts.items():
        assert (folder / name).read_text("utf-8") == text, name


def test_every_golden_folder_belongs_to_a_target() -> None:
    """A target that is gone leaves no golden texts behind."""
    assert sorted(path.name for path in _GOLDEN.iterdir()) == sorted(targets.ALL)


def _texts(demo: Built, target: str) -> Iterator[tuple[str, str]]:
    static = {path.read_bytes() for path in (_ROOT / "templates" / target).rglob("*") if path.is_file()}
    for artifact in demo.artifacts(target):
        name = artifact["file"]
        package = readers.read(target, demo.folder / name)
        yield f"{name}.files.txt", "".join(f"{entry.line}\n" for entry in package.entries)
        if package.description:
            yield f"{name}.description.txt", package.description
        for script, text in package.scripts.items():
            yield f"{name}.scripts/{script}", text
        for entry in package.entries:
            if entry.data is not None and entry.data not in static and not _is_unread(entry):
                data = gzip.decompress(entry.data) if entry.path.endswith(".gz") else entry.data
                yield f"{name}.rendered/{entry.path.lstrip('/')}", data.decode("utf-8").replace("\r\n", "\n")


def _is_unread(entry: readers.Entry) -> bool:
    """Tell whether this is no text to review.

    Certificates, RECORD, which repeats the listing, and Java's templates, in which a package alone is new.
    """
    return b"-----BEGIN " in (entry.data or b"") or entry.path.endswith(
        (".dist-info/RECORD", ".class", ".java")
    )


def _write(folder: Path, texts: dict[str, str]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
