"""The wheel in Debian's own builds of Python, from 3.9 to the newest, unpacked as installers do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from builder.prove.sandbox import open_sandbox
from tests.roots import SUITES, root
from tests.runtime.wheel.world import STRANGER, TRUSTED, TRUSTS, clients

if TYPE_CHECKING:
    from builder.prove.sandbox import Sandbox
    from tests.runtime.wheel.conftest import Wheels

# The wheel has pure code and no scripts: installing it is unpacking it (PEP 427).
_WHEEL = "/root/acme.whl"
_UNPACK = f"import sysconfig as s, zipfile as z; z.ZipFile('{_WHEEL}').extractall(s.get_path('purelib'))"
_NEWER = 15  # the first version that reads .start files (PEP 829)


@pytest.mark.parametrize("suite", SUITES)
def test_pythons_of_debian(suite: str, wheels: Wheels, urls: dict[str, str]) -> None:
    """Each trusts after the wheel is unpacked, through the .start file (PEP 829) where it reads one."""
    system = root(suite)
    versions = sorted(path.name for path in (system / "usr/bin").glob("python3.*[0-9]"))
    assert versions != []
    with open_sandbox(system) as sandbox:
        sandbox.copy_in(_WHEEL, wheels.acme.read_bytes())
        for version in versions:
            sandbox.run([version, "-m", "venv", "--without-pip", f"/{version}"])
            python = f"/{version}/bin/python"
            assert _said(sandbox, python, "-c", TRUSTS, urls["good"]) == STRANGER
            sandbox.run([python, "-c", _UNPACK])
            assert _said(sandbox, python, "-c", TRUSTS, urls["good"]) == TRUSTED
            assert _said(sandbox, python, "-c", TRUSTS, urls["unrelated"]) == STRANGER
            assert _entries(sandbox, python) == (1 if int(version.removeprefix("python3.")) >= _NEWER else 0)


def test_truststore_where_openssl_has_no_defaults(wheels: Wheels, urls: dict[str, str]) -> None:
    """Where OpenSSL's paths lead nowhere, truststore looks for the system's store itself, and trusts too."""
    # Its own context, which no create_default_context() has loaded anything into.
    context = "lambda: truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)"
    code = f"import ssl, truststore; ssl._create_default_https_context = {context}\n{TRUSTS}"
    with open_sandbox(root("trixie")) as sandbox:
        sandbox.run(["rm", "-r", "/usr/lib/ssl"])
        sandbox.run(["python3", "-m", "venv", "--without-pip", "/venv"])
        sandbox.copy_in(_WHEEL, wheels.acme.read_bytes())
        for file in (clients() / "truststore").glob("*.py"):
            sandbox.copy_in(f"/root/truststore/{file.name}", file.read_bytes())
        path = {"PYTHONPATH": "/root"}
        assert (
            sandbox.run(["/venv/bin/python", "-c", code, urls["good"]], environment=path).out.strip()
            == STRANGER
        )
        sandbox.run(["/venv/bin/python", "-c", _UNPACK])
        assert (
            sandbox.run(["/venv/bin/python", "-c", code, urls["good"]], environment=path).out.strip()
            == TRUSTED
        )


def _said(sandbox: Sandbox, *command: str) -> str:
    return sandbox.run(list(command)).out.strip()


def _entries(sandbox: Sandbox, python: str) -> int:
    """Return how many times this Python started us through the .start file."""
    return len(
        re.findall(r"Executing entry point: _acme_certifi:install", _said(sandbox, python, "-v", "-c", ""))
    )
