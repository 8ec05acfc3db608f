"""Go modules: what Go would refuse is not written, and what contradicts itself is not read."""

from __future__ import annotations

import contextlib
import io
import json
import random
import zipfile

import msgspec
import pytest

from builder import formats
from builder.errors import ConfigError
from builder.formats import gomodule
from builder.formats import zip as archive
from builder.formats.unpacked import Malformed
from builder.model import File, Package
from tests.unit.formats.packages import EPOCH, package

_NAME, _VERSION = "acme.internal/ca", "v1.2026.10"
_MOD = File("go.mod", b"module acme.internal/ca\n\ngo 1.22\n")


def _package(*files: File, name: str = _NAME, version: str = _VERSION) -> Package:
    return msgspec.structs.replace(package("go", *files), name=name, version=version)


def test_every_member_lies_below_the_module_and_its_version() -> None:
    """Sorted, as files alone; read back, they are seen from there."""
    data = formats.write(_package(File("trust/trust.go", b"package trust\n"), _MOD))
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        prefix = f"{_NAME}@{_VERSION}"
        assert found.namelist() == [f"{prefix}/go.mod", f"{prefix}/trust/trust.go"]
    module = gomodule.unpack("x", data)
    assert (module.name, module.version, module.metadata["go"]) == (_NAME, _VERSION, "1.22")
    assert [entry.path for entry in module.entries] == ["go.mod", "trust/trust.go"]


def test_a_sum_is_of_names_and_contents() -> None:
    """That of golang.org/x/sys v0.28.0/go.mod is in many a go.sum."""
    definition = {"go.mod": b"module golang.org/x/sys\n\ngo 1.18\n"}
    assert gomodule.h1(definition) == "h1:/VUhepiaJMQUp4+oa/7Zr1D23ma6VTLIYjOOTFZPUcA="


@pytest.mark.parametrize(
    ("name", "version", "files", "why"),
    [
        pytest.param("acme", _VERSION, (_MOD,), "the path of a Go module", id="no-host"),
        pytest.param("com1.internal/ca", _VERSION, (_MOD,), "a device of Windows", id="device"),
        pytest.param(_NAME, "1.2026.10", (_MOD,), "the version of a Go module", id="no-v"),
        pytest.param(_NAME, "v2026.10.0", (_MOD,), "v0 and v1 only", id="major"),
        pytest.param(_NAME, _VERSION, (), "names another module", id="no-go.mod"),
        pytest.param("acme.internal/other", _VERSION, (_MOD,), "names another module", id="another"),
        pytest.param(_NAME, _VERSION, (_MOD, File("ünï", b"")), "not the path of a file", id="letters"),
        pytest.param(_NAME, _VERSION, (_MOD, File("a/b.", b"")), "not the path of a file", id="dot"),
        pytest.param(_NAME, _VERSION, (_MOD, File("aux.go", b"")), "on every system", id="windows"),
        pytest.param(_NAME, _VERSION, (_MOD, File("Go.mod", b"")), "on every system", id="case"),
    ],
)
def test_what_go_would_refuse_is_not_written(
    name: str, version: str, files: tuple[File, ...], why: str
) -> None:
    """With the reason."""
    with pytest.raises(ConfigError, match=why):
        formats.write(_package(*files, name=name, version=version))


@pytest.mark.parametrize(
    ("members", "why"),
    [
        pytest.param(
            {f"{_NAME}@v1.0.0/go.mod": b"module other.internal/ca\n"}, "names another", id="another"
        ),
        pytest.param({f"{_NAME}@v1.0.0/a": b""}, "go.mod: is missing", id="no-go.mod"),
        pytest.param({f"{_NAME}@v1.0.0/go.mod": b"", "b": b""}, "do not lie below one", id="outside"),
        pytest.param({f"{_NAME}@v1.0.0/go.mod": b"", f"{_NAME}@v1.0.0/../x": b""}, "leaves", id="leaves"),
    ],
)
def test_what_contradicts_itself_is_not_read(members: dict[str, bytes], why: str) -> None:
    """With the reason."""
    data = archive.write([File(path, content) for path, content in members.items()], EPOCH)
    with pytest.raises(Malformed, match=why):
        gomodule.unpack("x", data)


def test_damage_is_told_and_never_raises_anything_else() -> None:
    """A byte anywhere, or an end anywhere."""
    data = formats.write(_package(_MOD, File("trust/roots.pem", b"pem\n" * 50)))
    chance = random.Random(1)  # noqa: S311  the same each time
    for _ in range(300):
        at = chance.randrange(len(data))
        for damaged in (data[:at], data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]):
            gomodule.recognises(damaged)
            with contextlib.suppress(Malformed):
                gomodule.unpack("x", damaged)


def test_a_proxy_has_three_files_of_a_version() -> None:
    """The time is the package's own; an upper-case letter is escaped, for systems that know no case."""
    data = formats.write(_package(_MOD))
    files = gomodule.proxied(gomodule.unpack("x", data), data)
    place = f"{_NAME}/@v/{_VERSION}"
    assert [*files] == [f"{place}.zip", f"{place}.info", f"{place}.mod"]
    assert json.loads(files[f"{place}.info"]) == {"Version": _VERSION, "Time": "2026-11-24T00:00:00Z"}
    assert files[f"{place}.mod"] == _MOD.data
    assert gomodule.escaped("github.com/Acme/CA") == "github.com/!acme/!c!a"
