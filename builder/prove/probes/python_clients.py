"""Call a server with one of many Python clients, each with its defaults; say whether it accepted.

python python_clients.py CLIENT URL [MODULE]: where MODULE, a package of ours, is installed, it is activated,
or hands its roots to a client that has no default.
The exit status is 0 where the client accepted the server, 1 where it refused its certificate, 255 for
anything else.
"""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN002, ANN003, ANN201, ANN202, PLW1510, PTH100, PTH118, PTH120, S310, SIM117, T201
# (This runs in Pythons from 3.9 on, with libraries that are not where the type checker runs.)

import asyncio
import functools
import http.client
import importlib
import os
import re
import socket
import ssl
import subprocess
import sys
import traceback
import urllib.error
import urllib.parse
import urllib.request

import python_libraries as libraries
from python_libraries import REFUSAL, REQUEST, TIMEOUT, host_and_port

# These bring public roots of their own for where certifi is not installed.
_NO_CERTIFI = "sys.modules['certifi'] = None"


def _urllib(url):
    urllib.request.urlopen(url, timeout=TIMEOUT).read()


def _http_client(url):
    connection = http.client.HTTPSConnection(*host_and_port(url), timeout=TIMEOUT)
    connection.request("GET", "/")
    connection.getresponse().read()


def _ssl(url):
    address = host_and_port(url)
    with socket.create_connection(address, timeout=TIMEOUT) as plain:
        with ssl.create_default_context().wrap_socket(plain, server_hostname=address[0]) as secured:
            secured.sendall(REQUEST)
            secured.recv(1)


def _asyncio(url):
    async def call():
        reader, writer = await asyncio.open_connection(*host_and_port(url), ssl=True)
        writer.write(REQUEST)
        await asyncio.wait_for(reader.read(1), TIMEOUT)
        writer.close()

    asyncio.run(call())


def _urllib3(url, **options):
    import urllib3

    urllib3.PoolManager(retries=False, timeout=TIMEOUT, **options).request("GET", url)


def _certifi_where(url):
    import certifi

    _urllib3(url, ca_certs=certifi.where())


def _certifi_contents(url):
    import certifi

    context = ssl.create_default_context(cadata=certifi.contents())
    urllib.request.urlopen(url, timeout=TIMEOUT, context=context).read()


def _requests(url, **options):
    import requests

    requests.get(url, timeout=TIMEOUT, **options)


def _httpx(url):
    import httpx

    httpx.get(url, timeout=TIMEOUT)


def _botocore(url):
    from botocore.awsrequest import AWSRequest
    from botocore.httpsession import URLLib3Session

    URLLib3Session(timeout=TIMEOUT).send(AWSRequest("GET", url).prepare())


def _apart(call, before="pass"):
    """Return a client that has a process of its own, after a line of code."""

    def called(url):
        code = f"import sys\n{before}\nimport python_clients as c\nc._activate(*sys.argv[2:])\n"
        place = "c.libraries" if call.__module__ == libraries.__name__ else "c"
        code += f"{place}.{call.__name__}(sys.argv[1])\n"
        command = [sys.executable, "-c", code, url, *sys.argv[3:]]
        here = os.path.dirname(os.path.abspath(__file__))
        _answer(subprocess.run(command, capture_output=True, text=True, cwd=here), "never")

    return called


def _httplib2(url):
    import httplib2

    httplib2.Http(timeout=TIMEOUT).request(url)


def _truststore(url):
    import truststore

    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    urllib.request.urlopen(url, timeout=TIMEOUT, context=context).read()


def _pip(url, *options):
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-cache-dir", "--retries=0"]
    command += [*options, "download", "--no-deps", f"--index-url={url}simple/", "no-such-package"]
    # The machine's own configuration may name a certificate file.
    done = subprocess.run(command, capture_output=True, text=True, env={"PIP_CONFIG_FILE": os.devnull})
    _answer(done, "from versions: none")


def _pip_certifi(url):
    _pip(url, "--use-deprecated=legacy-certs")


def _stripe(url):
    import stripe

    # Its own bundle is what its clients verify with, whatever library they are made on.
    _requests(url, verify=stripe.ca_bundle_path)


def _pyopenssl_urllib3(url):
    import urllib3.contrib.pyopenssl

    urllib3.contrib.pyopenssl.inject_into_urllib3()
    _requests(url)


def _gevent(url):
    from gevent import monkey

    monkey.patch_all()
    _urllib(url)


def _eventlet(url):
    import eventlet

    eventlet.monkey_patch()
    _urllib(url)


def _uvloop(url):
    import uvloop

    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    _asyncio(url)


def _uv(url):
    uv = os.path.join(os.path.dirname(sys.executable), "uv")
    command = [uv, "--no-config", "--no-cache", "pip", "install", "--dry-run", f"--python={sys.executable}"]
    _program(*command, f"--default-index={url}", "no-such-package", success="Content-Type|No solution found")


def _program(*command, success):
    """Call a program that is no Python, with this process's environment."""
    _answer(subprocess.run(command, capture_output=True, text=True), success)


def _answer(done, success):
    # pip goes on after a refusal, and then fails as it does on an empty index.
    said = done.stdout + done.stderr
    if REFUSAL.search(said) or (done.returncode != 0 and not re.search(success, said)):
        raise RuntimeError(said)


def _outcome(call, address):
    try:
        call(address)
    except urllib.error.HTTPError:
        return "accepted"  # an answer that is an error came over TLS, too
    except Exception as error:  # noqa: BLE001  every library has its own
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        return "refused" if REFUSAL.search(text) else text
    return "accepted"


_CLIENTS = {
    "urllib": _urllib,
    "http.client": _http_client,
    "ssl": _ssl,
    "asyncio": _asyncio,
    "urllib3": _urllib3,
    "certifi.where": _certifi_where,
    "certifi.contents": _certifi_contents,
    "requests": _requests,
    "httpx": _httpx,
    "aiohttp": libraries.ask_aiohttp,
    "websockets": libraries.ask_websockets,
    "botocore": _botocore,
    "botocore alone": _apart(_botocore, _NO_CERTIFI),
    "httplib2": _httplib2,
    "httplib2 alone": _apart(_httplib2, _NO_CERTIFI),
    "stripe": _stripe,
    "websocket-client": libraries.ask_websocket_client,
    "websocket-client, one version": libraries.ask_websocket_client_of_one_version,
    "paho-mqtt": libraries.ask_paho_mqtt,
    "paho-mqtt, one version": libraries.ask_paho_mqtt_of_one_version,
    "ldap3, one version": libraries.ask_ldap3,
    "pyOpenSSL below requests": _apart(_pyopenssl_urllib3),
    "pymongo with pyOpenSSL": libraries.ask_pymongo,
    "twisted": _apart(libraries.ask_twisted),
    "scrapy": _apart(libraries.ask_scrapy),
    "gevent": _apart(_gevent),
    "eventlet": _apart(_eventlet),
    "trio": libraries.ask_trio,
    "uvloop": _apart(_uvloop),
    "truststore": _truststore,
    "pip": _pip,
    "pip with certifi": _pip_certifi,
    "curl_cffi": libraries.ask_curl_cffi,
    "grpcio": libraries.ask_grpcio,
    "pycurl": libraries.ask_pycurl,
    "uv": _uv,
}


def _package(module):
    """Return our package where it is installed."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        if error.name != module:  # it is there, and cannot be loaded
            raise
        return None


def _activate(*modules):
    for package in filter(None, map(_package, modules)):
        package.activate()


def _client(name, module):
    """Return a client as a program has it that uses our package, where that is installed."""
    package = _package(module)
    if package and name == "pycurl":
        return functools.partial(libraries.ask_pycurl, roots=package.contents())
    _activate(module)
    return _CLIENTS[name]


def main():
    name, url, *modules = sys.argv[1:]
    found = _outcome(_client(name, *modules) if modules else _CLIENTS[name], url)
    if found == "accepted":
        return 0
    print("refused: the certificate was not accepted" if found == "refused" else found, file=sys.stderr)
    return 1 if found == "refused" else 255


if __name__ == "__main__":
    sys.exit(main())
