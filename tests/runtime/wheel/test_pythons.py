"""The wheel in every version of Python that is here: from 3.9 on, whatever PATH and pyenv have."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.runtime.wheel.world import (
    ACCEPTED,
    STRANGER,
    TRUSTED,
    Environment,
    environment,
    interpreters,
    trusts,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.runtime.wheel.conftest import Wheels

_OFF = {"ACME_CERTIFI_DISABLE": "1"}
_STDLIB = ["urllib", "http.client", "ssl", "asyncio"]
# What a program that uses no TLS has loaded of us, and what it has loaded that it would not have without us.
_LOADED = (
    "import sys; print(sorted(name for name in sys.modules if 'acme' in name or name in {'ssl', 'json'}))"
)


def test_the_standard_librarys_clients_trust(any_installed: Environment, urls: dict[str, str]) -> None:
    """Installed by uv, the wheel reaches every client of the standard library, and no check is weaker."""
    asked = {name: url for name, url in urls.items() if name != "globex"}
    found = any_installed.ask("clients.py", {"urls": asked, "clients": _STDLIB})
    verdicts = {name: ACCEPTED if name == "good" else "refused" for name in asked}
    assert found == dict.fromkeys(_STDLIB, verdicts)


def test_a_start_without_tls_loads_one_module(any_installed: Environment) -> None:
    """A program that uses no TLS loads one file of the wheel, and nothing of the standard library for it."""
    assert any_installed.say(_LOADED) == "['_acme_certifi']"


def test_the_start_is_silent(any_installed: Environment) -> None:
    """No start prints anything or warns, even where every warning is an error."""
    done = any_installed.run("-W", "error", "-X", "dev", "-c", "import ssl; ssl.create_default_context()")
    assert (done.stdout, done.stderr) == ("", "")


def test_isolated_starts_are_activated(any_installed: Environment, urls: dict[str, str]) -> None:
    """-I and -E run start-up files; -S runs none, so nothing is activated there."""
    assert {option: trusts(any_installed, urls["good"], option) for option in ("-I", "-E", "-S")} == {
        "-I": TRUSTED,
        "-E": TRUSTED,
        "-S": STRANGER,
    }


def test_a_variable_switches_it_off(any_installed: Environment, urls: dict[str, str]) -> None:
    """ACME_CERTIFI_DISABLE=1 switches it off for a process; 0 and empty do not."""
    found = {
        value: trusts(any_installed, urls["good"], env={"ACME_CERTIFI_DISABLE": value})
        for value in ("1", "0", "")
    }
    assert found == {"1": STRANGER, "0": TRUSTED, "": TRUSTED}


def test_contexts_gain_these_roots_and_lose_none(any_installed: Environment) -> None:
    """A client's default context holds every root that it held before, and one more."""
    code = """if True:
        import json, ssl
        context = ssl.create_default_context()
        context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="localhost")
        print(json.dumps(context.get_ca_certs()))
    """
    before = json.loads(any_installed.say(code, env={"ACME_CERTIFI_DISABLE": "1"}))
    after = json.loads(any_installed.say(code))
    added = [root for root in after if root not in before]
    assert [root for root in before if root not in after] == []
    assert [dict(pair for [pair] in root["subject"]) for root in added] == [{"commonName": "Acme Root"}]


def test_a_context_shows_what_it_will_trust(any_installed: Environment) -> None:
    """One that only a client can use shows these roots before it connects, one that may serve does not."""
    code = """if True:
        import ssl, warnings
        warnings.simplefilter("ignore")
        for protocol in ssl.PROTOCOL_TLS_CLIENT, ssl.PROTOCOL_TLS_SERVER, ssl.PROTOCOL_TLS:
            context = ssl.SSLContext(protocol)
            context.load_default_certs()
            counted = context.cert_store_stats()["x509_ca"], len(context.get_ca_certs())
            print(*counted, sum("Acme Root" in str(root["subject"]) for root in context.get_ca_certs()))
    """
    without = [int(line.split()[0]) for line in any_installed.say(code, env=_OFF).splitlines()]
    shown = [tuple(int(word) for word in line.split()) for line in any_installed.say(code).splitlines()]
    assert shown == [
        (count + more, count + more, more) for count, more in zip(without, (1, 0, 0), strict=True)
    ]


def test_contexts_cannot_be_copied_as_before(any_installed: Environment) -> None:
    """Neither copying nor pickling a context works, with the same words as without the package."""
    code = """if True:
        import copy, pickle, ssl
        context = ssl.create_default_context()
        for way in copy.copy, copy.deepcopy, pickle.dumps:
            try:
                print(way(context))
            except TypeError as error:
                print(error)
        print(vars(context))
    """
    assert any_installed.say(code) == any_installed.say(code, env=_OFF)


def test_modules_look_as_they_would_without_it(any_installed: Environment) -> None:
    """Loaders, names, signatures and documentation of what is extended stay what they are."""
    code = """if True:
        import certifi, inspect, json, ssl
        owner = ssl.SSLContext
        print(json.dumps([
            type(ssl.__spec__.loader).__name__,
            type(certifi.__spec__.loader).__name__,
            [owner.load_verify_locations.__name__, owner.load_verify_locations.__doc__],
            [owner.set_default_verify_paths.__name__, owner.set_default_verify_paths.__doc__],
            str(inspect.signature(certifi.contents)),
            certifi.where(),
        ]))
    """
    assert any_installed.say(code) == any_installed.say(code, env={"ACME_CERTIFI_DISABLE": "1"})


def test_modules_can_be_found_copied_and_reloaded(any_installed: Environment) -> None:
    """What importlib offers works on extended modules: find_spec, resources, copies of loaders, reload."""
    code = """if True:
        import copy, importlib, importlib.resources, importlib.util, ssl
        found = importlib.util.find_spec("certifi")
        print(found.origin == copy.copy(found.loader).path, found.loader.is_package("certifi"))
        print(importlib.resources.files("certifi").joinpath("cacert.pem").is_file())
        before = len(ssl.create_default_context().get_ca_certs())
        print(len(importlib.reload(ssl).create_default_context().get_ca_certs()) - before)
    """
    assert any_installed.say(code).split() == ["True", "True", "True", "0"]


def test_the_interface(any_installed: Environment, urls: dict[str, str]) -> None:
    """where(), contents(), certificates() and create_default_context() agree, switched off or not."""
    code = """if True:
        import sys, acme_certifi, urllib.request
        assert open(acme_certifi.where()).read() == acme_certifi.contents()
        [root] = acme_certifi.certificates()
        context = acme_certifi.create_default_context()
        print(root["subject"], urllib.request.urlopen(sys.argv[1], context=context).status)
        print(sorted(acme_certifi.__all__), acme_certifi.activate())
    """
    names = "['activate', 'certificates', 'contents', 'create_default_context', 'where']"
    for env, active in ({}, True), ({"ACME_CERTIFI_DISABLE": "1"}, False):
        said = any_installed.run("-c", code, urls["good"], env=env).stdout
        assert said.splitlines() == ["CN=Acme Root 200", f"{names} {active}"]


@pytest.mark.parametrize("version", interpreters())
def test_removal_leaves_nothing(version: str, tmp_path: Path, wheels: Wheels, urls: dict[str, str]) -> None:
    """After the removal no file is left, start-up works, and the server is refused."""
    made = environment(tmp_path / "venv", python=interpreters()[version])
    before = made.files()
    made.uv("install", "--no-index", wheels.acme)
    assert trusts(made, urls["good"]) == TRUSTED
    made.uv("uninstall", "acme-certifi")
    # uv removes what is in RECORD; folders with what Python compiled since are the interpreter's.
    assert {path for path in made.files() - before if "__pycache__" not in path} == set()
    assert trusts(made, urls["good"]) == STRANGER
