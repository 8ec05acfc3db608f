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
    r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|invalid peer certificate|SSL certificate"
    r"|doesn't match|VerificationError"
    r"|no alternative certificate subject name"
    r"|Hostname Verification Check failed|problem confirming the ssl certificate"
)
# These bring public roots of their own for where certifi is not installed.
_NO_CERTIFI = "sys.modules['certifi'] = None"
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


def _requests(url, **options):
    import requests

    requests.get(url, timeout=_TIMEOUT, **options)


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


def _apart(call, before="pass"):
    """Return a client that has a process of its own, after a line of code."""

    def called(url):
        code = f"import sys\n{before}\nimport python_clients as c\nc._activate(*sys.argv[2:])\n"
        code += f"c.{call.__name__}(sys.argv[1])\n"
        command = [sys.executable, "-c", code, url, *sys.argv[3:]]
        here = os.path.dirname(os.path.abspath(__file__))
        _answer(subprocess.run(command, capture_output=True, text=True, cwd=here), "never")

    return called


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


def _stripe(url):
    import stripe

    # Its own bundle is what its clients verify with, whatever library they are made on.
    _requests(url, verify=stripe.ca_bundle_path)


def _websocket_client(url, **options):
    import websocket

    with contextlib.suppress(websocket.WebSocketBadStatusException):  # the server answered over TLS
        websocket.create_connection(url.replace("https:", "wss:"), timeout=_TIMEOUT, **options)


def _websocket_client_of_one_version(url):
    _websocket_client(url, sslopt={"ssl_version": ssl.PROTOCOL_TLSv1_2})


def _paho_mqtt(url, version=None):
    import paho.mqtt.client as mqtt

    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.tls_set(tls_version=version)
    client.connect(*_address(url))  # the handshake is here
    client.disconnect()


def _paho_mqtt_of_one_version(url):
    _paho_mqtt(url, ssl.PROTOCOL_TLSv1_2)


def _ldap3(url):
    import ldap3

    tls = ldap3.Tls(validate=ssl.CERT_REQUIRED, version=ssl.PROTOCOL_TLSv1_2)
    host, port = _address(url)
    server = ldap3.Server(host, port, use_ssl=True, tls=tls, connect_timeout=_TIMEOUT)
    connection = ldap3.Connection(server, receive_timeout=_TIMEOUT)
    connection.open(read_server_info=False)  # the handshake is here; what the server says is no LDAP


def _pyopenssl_urllib3(url):
    import urllib3.contrib.pyopenssl

    urllib3.contrib.pyopenssl.inject_into_urllib3()
    _requests(url)


def _twisted(url):
    from twisted.internet import reactor
    from twisted.web.client import Agent

    found = []
    answer = Agent(reactor, connectTimeout=_TIMEOUT).request(b"GET", url.encode())
    answer.addBoth(lambda result: (found.append(result), reactor.stop()))
    reactor.run()
    if hasattr(found[0], "raiseException"):
        found[0].raiseException()


def _scrapy(url):
    import scrapy
    from scrapy.crawler import CrawlerProcess

    found = []

    class Spider(scrapy.Spider):
        name = "one"

        async def start(self):
            yield scrapy.Request(url, errback=found.append, dont_filter=True)

        def parse(self, response):
            found.append(response)

    settings = {"DOWNLOAD_VERIFY_CERTIFICATES": True, "LOG_ENABLED": False, "RETRY_ENABLED": False}
    process = CrawlerProcess({**settings, "DOWNLOAD_TIMEOUT": _TIMEOUT, "TELNETCONSOLE_ENABLED": False})
    process.crawl(Spider)
    process.start()
    if hasattr(found[0], "raiseException"):
        found[0].raiseException()


def _pymongo(url):
    from pymongo import MongoClient, errors

    # The server speaks HTTP: whoever came through the handshake waits for MongoDB's answer in vain.
    address = "mongodb://{}:{}/?tls=true&directConnection=true".format(*_address(url))
    try:
        MongoClient(address, serverSelectionTimeoutMS=1000).admin.command("ping")
    except errors.ServerSelectionTimeoutError as error:
        if _REFUSAL.search(str(error)):
            raise


def _gevent(url):
    from gevent import monkey

    monkey.patch_all()
    _urllib(url)


def _eventlet(url):
    import eventlet

    eventlet.monkey_patch()
    _urllib(url)


def _trio(url):
    import trio

    async def call():
        stream = await trio.open_ssl_over_tcp_stream(*_address(url))
        await stream.send_all(_REQUEST)
        await stream.receive_some(1)

    trio.run(call)


def _uvloop(url):
    import uvloop

    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    _asyncio(url)


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
    "botocore alone": _apart(_botocore, _NO_CERTIFI),
    "httplib2": _httplib2,
    "httplib2 alone": _apart(_httplib2, _NO_CERTIFI),
    "stripe": _stripe,
    "websocket-client": _websocket_client,
    "websocket-client, one version": _websocket_client_of_one_version,
    "paho-mqtt": _paho_mqtt,
    "paho-mqtt, one version": _paho_mqtt_of_one_version,
    "ldap3, one version": _ldap3,
    "pyOpenSSL below requests": _apart(_pyopenssl_urllib3),
    "pymongo with pyOpenSSL": _pymongo,
    "twisted": _apart(_twisted),
    "scrapy": _apart(_scrapy),
    "gevent": _apart(_gevent),
    "eventlet": _apart(_eventlet),
    "trio": _trio,
    "uvloop": _apart(_uvloop),
    "truststore": _truststore,
    "pip": _pip,
    "pip with certifi": _pip_certifi,
    "curl_cffi": _curl_cffi,
    "grpcio": _grpcio,
    "pycurl": _pycurl,
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
        return functools.partial(_pycurl, roots=package.contents())
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
