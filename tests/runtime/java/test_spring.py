"""Spring Boot finds the jar on the class path by itself."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from builder.prove.probes import PROBES
from tests import java
from tests.runtime.java.conftest import HERE, OWN, said, verdicts

if TYPE_CHECKING:
    from pathlib import Path

    from tests.runtime.java.conftest import Machine, Servers


@pytest.mark.parametrize("version", java.BOOTS)
def test_an_application_trusts_the_ca_without_any_option(
    machine: Machine, servers: Servers, jar: Path, tmp_path: Path, *, version: str
) -> None:
    """With the jar as a dependency its clients do, and without it they do not."""
    libraries = java.path(java.BOOTS[version])
    probes = str(PROBES / "java")
    sources = [str(HERE / "programs" / "Boot.java")]
    java.compile_into(tmp_path, sources, path=os.pathsep.join((libraries, probes)), release=17)
    for more, expected in ((str(jar), "accepted"), ("", "refused")):
        path = os.pathsep.join(filter(None, (str(tmp_path), probes, libraries, more)))
        done = machine.run("-cp", path, "Boot", *servers.words(*OWN))
        lines = {client: line for client, line in said(done).items() if client in OWN}
        assert verdicts(lines) == dict.fromkeys(OWN, expected), done.stderr[-2000:]
