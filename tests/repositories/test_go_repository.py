"""Go on a site: it takes each release by its name, go.sum counts, and nothing public is asked."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from builder.errors import PackageError
from builder.formats import zip as archive
from builder.model import File
from builder.prove import authority
from builder.repositories.ecosystems import go
from builder.repositories.entry import Released
from tests import golang, releases
from tests.repositories.clean import clean
from tests.repositories.sites import SLUG, Release
from tests.runtime.go.world import PROBE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from builder.prove.authority import Authority
    from tests.repositories.clean import Ran
    from tests.repositories.sites import Site

_NAME = "acme.internal/ca"
_OLD, _NEW = "v1.2026.10", "v1.2026.11"


@dataclass(frozen=True)
class Modules:
    """Two releases of Acme's module alone, and what somebody could put in the place of the first."""

    first: Release
    second: Release
    forged: Release


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Modules:
    now = dt.datetime.now(dt.UTC)
    kept, new, forged = (authority.create(f"Acme {name}", now=now) for name in ("kept", "new", "forged"))
    return Modules(
        _release(tmp_path_factory.mktemp("first"), "2026.10", {"kept": kept}),
        _release(tmp_path_factory.mktemp("second"), "2026.11", {"kept": kept, "new": new}),
        _release(tmp_path_factory.mktemp("forged"), "2026.10", {"forged": forged}),
    )


def _release(folder: Path, version: str, authorities: Mapping[str, Authority]) -> Release:
    file = releases.build(folder, SLUG, [*authorities.values()], target="go", release=version)[-1]
    return Release(file.parent, version, authorities)


def _go(folder: Path, site: Site, *words: str) -> Ran:
    """Run go in a folder of its own, with a go.mod that it may change, and nothing but the site to ask."""
    environment = {
        **golang.environment(),
        "HOME": str(folder),
        "GOMODCACHE": str(folder / "modules"),
        "GOPROXY": f"{site.url}/go",
        "GONOSUMDB": _NAME,
    }
    files = {} if (folder / "go.mod").exists() else {"go.mod": "module program\n\ngo 1.22\n"}
    return clean(folder, golang.compiler(PROBE), *words, files=files, env=environment)


def _required(folder: Path, site: Site) -> str:
    done = _go(folder, site, "list", "-m", "-f", "{{.Version}}", _NAME)
    assert done.code == 0, done.out
    return done.out.strip()


def test_go_follows_the_site(open_site: Callable[..., Site], modules: Modules, tmp_path: Path) -> None:
    """A name takes the newest release, then the next; a version stays; what is removed is gone."""
    site = open_site(modules.first)
    program = tmp_path / "program"
    assert _go(program, site, "get", _NAME).code == 0
    assert _required(program, site) == _OLD
    site.add(modules.second)
    assert _go(program, site, "get", _NAME).code == 0
    assert _required(program, site) == _NEW
    pinned = tmp_path / "pinned"
    assert _go(pinned, site, "get", f"{_NAME}@{_OLD}").code == 0
    assert _required(pinned, site) == _OLD
    assert _go(program, site, "get", f"{_NAME}@none").code == 0
    assert _NAME not in (program / "go.mod").read_text("utf-8")


def test_a_withdrawn_release_is_not_taken_by_name(
    open_site: Callable[..., Site], modules: Modules, tmp_path: Path
) -> None:
    """The list does not have it any more; who requires it still finds it."""
    site = open_site(modules.first)
    site.add(modules.second)
    site.retire(modules.first)
    program, pinned = tmp_path / "program", tmp_path / "pinned"
    assert _go(program, site, "get", f"{_NAME}@<{_NEW}").code != 0
    assert _go(pinned, site, "get", f"{_NAME}@{_OLD}").code == 0


def test_a_forged_module_is_refused_by_go_sum(
    open_site: Callable[..., Site], modules: Modules, tmp_path: Path
) -> None:
    """Who has it in go.sum notices; who has not takes what the site has, whose connection is all there is."""
    site = open_site(modules.first)
    program, other = tmp_path / "program", tmp_path / "other"
    assert _go(program, site, "get", f"{_NAME}@{_OLD}").code == 0
    path = site.path("go", modules.first)
    site.overwrite(path, modules.forged.file("go").read_bytes())
    assert _go(program, site, "clean", "-modcache").code == 0
    done = _go(program, site, "mod", "download")
    assert (done.code != 0, "SECURITY ERROR" in done.out) == (True, True), done.out
    assert _go(other, site, "get", f"{_NAME}@{_OLD}").code == 0


def test_the_site_has_what_a_proxy_has(open_site: Callable[..., Site], modules: Modules) -> None:
    """The list in the order of releases; a version's name and time; the module's own definition."""
    site = open_site(modules.first)
    site.add(modules.second)
    files = site.snapshot()
    place = f"go/{_NAME}/@v"
    assert files[f"{place}/list"].decode() == f"{_OLD}\n{_NEW}\n"
    info = json.loads(files[f"{place}/{_OLD}.info"])
    assert info.keys() == {"Version", "Time"}
    assert (info["Version"], dt.datetime.fromisoformat(info["Time"]).tzinfo) == (_OLD, dt.UTC)
    assert files[f"{place}/{_OLD}.mod"].decode() == f"module {_NAME}\n\ngo 1.22\n"
    assert files[f"{place}/{_OLD}.zip"] == modules.first.file("go").read_bytes()


def test_a_module_with_upper_case_in_its_name_is_not_taken_in() -> None:
    """A proxy writes it as !a, and a site's paths have no such sign."""
    data = archive.write(
        [File("acme.internal/CA@v1.2.0/go.mod", b"module acme.internal/CA\n")], 1_791_000_000
    )
    released = Released("2026.10", "x.zip", data, "", 0)
    with pytest.raises(PackageError, match="no lower-case name"):
        go.admit(released, None)  # type: ignore[arg-type]
