"""Call a server with one of many Python clients, each with its defaults; say whether it accepted.

python python_clients.py CLIENT URL [MODULE]: where MODULE, a package of ours, is installed, it is activated,
or hands its roots to a client that has no default.
The exit status is 0 where the client accepted the server, 1 where it refused its certificate, 255 for
anything else.
"""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN002, ANN003, ANN201, ANN202, PLW1510, PTH118, PTH120, S310, SIM117, T201
# (This runs in Pythons from 3.9 on, with libraries that are not where the type checker runs.)

import asyncio
import contextlib
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

# What the clients' libraries say when they refuse a certificate; anything else is an error of the test.
_REFUSAL = re.compile(
    r"CERTIFICATE_VERIFY_FAILED|invalid peer certificate|SSL certificate|doesn't match"
    r"|no alternative certificate subject name"
    r"|Hostname Verification Check failed|problem confirming the ssl certificate"
)
_REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
_TIMEOUT = 60  # seconds, for machines that do much else


def _address(url):
    parts = urllib.parse.urlsplit(url)
    return parts.hostname, parts.port or 443


def _urllib(url):
    urllib.request.urlopen(url, timeout=_TIMEOUT).read()


def _http_client(url):
    connection = http.client.HTTPSConnection(*_address(url), timeout=_TIMEOUT)
    connection.request("GET", "/")
    connection.getresponse().read()


def _ssl(url):
    address = _address(url)
    with socket.create_connection(address, timeout=_TIMEOUT) as plain:
        with ssl.create_default_context().wrap_socket(plain, server_hostname=address[0]) as secured:
            secured.sendall(_REQUEST)
            secured.recv(1)


def _asyncio(url):
    async def call():
        reader, writer = await asyncio.open_connection(*_address(url), ssl=True)
        writer.write(_REQUEST)
        await asyncio.wait_for(reader.read(1), _TIMEOUT)
        writer.close()

    asyncio.run(call())


def _urllib3(url, **options):
    import urllib3

    urllib3.PoolManager(retries=False, timeout=_TIMEOUT, **options).request("GET", url)


def _certifi_where(url):
    import certifi

    _urllib3(url, ca_certs=certifi.where())


def _certifi_contents(url):
    import certifi

    context = ssl.create_default_context(cadata=certifi.contents())
    urllib.request.urlopen(url, timeout=_TIMEOUT, context=context).read()


def _requests(url):
    import requests

    requests.get(url, timeout=_TIMEOUT)


def _httpx(url):
    import httpx

    httpx.get(url, timeout=_TIMEOUT)


def _aiohttp(url):
    import aiohttp

    async def call():
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            await response.read()

    asyncio.run(call())


def _websockets(url):
    from websockets.exceptions import InvalidStatus
    from websockets.sync.client import connect

    with contextlib.suppress(InvalidStatus):  # the server answered over TLS, with a page, not a WebSocket
        connect(url.replace("https:", "wss:"), open_timeout=_TIMEOUT)


def _botocore(url):
    from botocore.awsrequest import AWSRequest
    from botocore.httpsession import URLLib3Session

    URLLib3Session(timeout=_TIMEOUT).send(AWSRequest("GET", url).prepare())


def _botocore_alone(url):
    """Call botocore where certifi is not installed: it then has a bundle of its own."""
    code = "import sys; sys.modules['certifi'] = None; import python_clients as c; c._botocore(sys.argv[1])"
    command = [sys.executable, "-c", code, url]
    _answer(subprocess.run(command, capture_output=True, text=True, cwd=os.path.dirname(__file__)), "never")


def _httplib2(url):
    import httplib2

    httplib2.Http(timeout=_TIMEOUT).request(url)


def _truststore(url):
    import truststore

    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    urllib.request.urlopen(url, timeout=_TIMEOUT, context=context).read()


def _pip(url, *options):
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-cache-dir", "--retries=0"]
    command += [*options, "download", "--no-deps", f"--index-url={url}simple/", "no-such-package"]
    # The machine's own configuration may name a certificate file.
    done = subprocess.run(command, capture_output=True, text=True, env={"PIP_CONFIG_FILE": os.devnull})
    _answer(done, "from versions: none")


def _pip_certifi(url):
    _pip(url, "--use-deprecated=legacy-certs")


def _curl_cffi(url):
    from curl_cffi import requests

    requests.get(url, timeout=_TIMEOUT)


def _grpcio(url):
    import grpc

    target = "{}:{}".format(*_address(url))
    with grpc.secure_channel(target, grpc.ssl_channel_credentials()) as channel:
        try:
            channel.unary_unary("/trustpack.Proof/Ask")(b"", timeout=_TIMEOUT)
        except grpc.RpcError as error:  # any other status is the server's, and came over TLS
            if error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
                raise


def _pycurl(url, roots=None):
    import pycurl

    handle = pycurl.Curl()
    handle.setopt(pycurl.URL, url)
    handle.setopt(pycurl.WRITEFUNCTION, len)
    if roots:
        handle.set_ca_certs(roots)
    handle.perform()


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
    if _REFUSAL.search(said) or (done.returncode != 0 and not re.search(success, said)):
        raise RuntimeError(said)


def _outcome(call, address):
    try:
        call(address)
    except urllib.error.HTTPError:
        return "accepted"  # an answer that is an error came over TLS, too
    except Exception as error:  # noqa: BLE001  every library has its own
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        return "refused" if _REFUSAL.search(text) else text
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
    "aiohttp": _aiohttp,
    "websockets": _websockets,
    "botocore": _botocore,
    "botocore alone": _botocore_alone,
    "httplib2": _httplib2,
    "truststore": _truststore,
    "pip": _pip,
    "pip with certifi": _pip_certifi,
    "curl_cffi": _curl_cffi,
    "grpcio": _grpcio,
    "pycurl": _pycurl,
    "uv": _uv,
}


def _client(name, module):
    """Return a client as a program has it that uses our package, where that is installed."""
    try:
        package = importlib.import_module(module)
    except ImportError as error:
        if error.name != module:  # it is there, and cannot be loaded
            raise
        return _CLIENTS[name]
    if name == "pycurl":
        return functools.partial(_pycurl, roots=package.contents())
    package.activate()
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
