"""Python zip applications: one file that Python runs from itself alone, and that inspect reads."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from builder.formats import format_of, pyz
from builder.formats.control import Unwritable
from builder.formats.unpacked import Malformed
from builder.model import File
from tests.unit.formats.packages import package

if TYPE_CHECKING:
    from pathlib import Path

_MAIN = File("__main__.py", b"import sys, told\nprint(told.SAID)\n")
_TOLD = File("told.py", b"SAID = 'from inside'\n")


def test_python_runs_it_from_itself_alone(tmp_path: Path) -> None:
    """No module of the folder that it is started in comes before its own."""
    file = tmp_path / "it.pyz"
    file.write_bytes(pyz.write(package("pyz", _MAIN, _TOLD)))
    (tmp_path / "told.py").write_text("SAID = 'from outside'\n")
    for options in ([], ["-I"]):
        done = subprocess.run(
            [sys.executable, *options, file.name],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
            env={},
        )
        assert done.stdout == "from inside\n"


def test_it_begins_with_pythons_fixed_path() -> None:
    """No PATH and no variable of the caller's has a say, and the zip's own places are right behind it."""
    data = pyz.write(package("pyz", _TOLD, _MAIN))
    assert data.startswith(b"#!/usr/bin/python3 -I\nPK\x03\x04")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.namelist() == ["__main__.py", "told.py"]
        assert archive.infolist()[0].header_offset == len(pyz.STARTER)


def test_what_is_not_run_is_no_application() -> None:
    """Python looks for __main__.py."""
    with pytest.raises(Unwritable, match=r"__main__\.py"):
        pyz.write(package("pyz", _TOLD))
    data = pyz.write(package("pyz", _MAIN, _TOLD)).replace(b"__main__.py", b"__maim__.py")
    with pytest.raises(Malformed, match="is missing"):
        pyz.unpack("it.pyz", data)


def test_name_and_version_are_what_it_says_of_itself() -> None:
    """In release.json; another application has none, and is read all the same."""
    about = File("release.json", b'{"name": "acme-trust-doctor", "version": "2", "more": 1}')
    data = pyz.write(package("pyz", _MAIN, about))
    assert format_of(data) == "pyz"
    found = pyz.unpack("it.pyz", data)
    assert (found.name, found.version) == ("acme-trust-doctor", "2")
    assert found.metadata == {"interpreter": "#!/usr/bin/python3 -I"}
    for text in (b"[]", b'{"name": 1}', b"[" * 100_000):
        other = pyz.unpack("it.pyz", pyz.write(package("pyz", _MAIN, File("release.json", text))))
        assert (other.name, other.version) == ("", "")
