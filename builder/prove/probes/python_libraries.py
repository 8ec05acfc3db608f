"""The clients among python_clients.py's that are asked by a library's own protocol or framework."""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN003, ANN201, ANN202
# (This runs in Pythons from 3.9 on, with libraries that are not where the type checker runs.)

import asyncio
import contextlib
import re
import ssl
import urllib.parse

# What the clients' libraries say when they refuse a certificate; anything else is an error of the test.
REFUSAL = re.compile(
    r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|invalid peer certificate|SSL certificate"
    r"|doesn't match|VerificationError"
    r"|no alternative certificate subject name"
    r"|Hostname Verification Check failed|problem confirming the ssl certificate"
)
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
TIMEOUT = 60  # seconds, for machines that do much else


def host_and_port(url):
    parts = urllib.parse.urlsplit(url)
    return parts.hostname, parts.port or 443


def ask_websocket_client(url, **options):
    import websocket

    with contextlib.suppress(websocket.WebSocketBadStatusException):  # the server answered over TLS
        websocket.create_connection(url.replace("https:", "wss:"), timeout=TIMEOUT, **options)


def ask_websocket_client_of_one_version(url):
    ask_websocket_client(url, sslopt={"ssl_version": ssl.PROTOCOL_TLSv1_2})


def ask_paho_mqtt(url, version=None):
    import paho.mqtt.client as mqtt

    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.tls_set(tls_version=version)
    client.connect(*host_and_port(url))  # the handshake is here
    client.disconnect()


def ask_paho_mqtt_of_one_version(url):
    ask_paho_mqtt(url, ssl.PROTOCOL_TLSv1_2)


def ask_ldap3(url):
    import ldap3

    tls = ldap3.Tls(validate=ssl.CERT_REQUIRED, version=ssl.PROTOCOL_TLSv1_2)
    host, port = host_and_port(url)
    server = ldap3.Server(host, port, use_ssl=True, tls=tls, connect_timeout=TIMEOUT)
    connection = ldap3.Connection(server, receive_timeout=TIMEOUT)
    connection.open(read_server_info=False)  # the handshake is here; what the server says is no LDAP


def ask_twisted(url):
    from twisted.internet import reactor
    from twisted.web.client import Agent

    found = []
    answer = Agent(reactor, connectTimeout=TIMEOUT).request(b"GET", url.encode())
    answer.addBoth(lambda result: (found.append(result), reactor.stop()))
    reactor.run()
    if hasattr(found[0], "raiseException"):
        found[0].raiseException()


def ask_scrapy(url):
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
    process = CrawlerProcess({**settings, "DOWNLOADTIMEOUT": TIMEOUT, "TELNETCONSOLE_ENABLED": False})
    process.crawl(Spider)
    process.start()
    if hasattr(found[0], "raiseException"):
        found[0].raiseException()


def ask_pymongo(url):
    from pymongo import MongoClient, errors

    # The server speaks HTTP: whoever came through the handshake waits for MongoDB's answer in vain.
    address = "mongodb://{}:{}/?tls=true&directConnection=true".format(*host_and_port(url))
    try:
        MongoClient(address, serverSelectionTimeoutMS=1000).admin.command("ping")
    except errors.ServerSelectionTimeoutError as error:
        if REFUSAL.search(str(error)):
            raise


def ask_trio(url):
    import trio

    async def call():
        stream = await trio.open_ssl_over_tcp_stream(*host_and_port(url))
        await stream.send_all(REQUEST)
        await stream.receive_some(1)

    trio.run(call)


def ask_aiohttp(url):
    import aiohttp

    async def call():
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            await response.read()

    asyncio.run(call())


def ask_websockets(url):
    from websockets.exceptions import InvalidStatus
    from websockets.sync.client import connect

    with contextlib.suppress(InvalidStatus):  # the server answered over TLS, with a page, not a WebSocket
        connect(url.replace("https:", "wss:"), open_timeout=TIMEOUT)


def ask_curl_cffi(url):
    from curl_cffi import requests

    requests.get(url, timeout=TIMEOUT)


def ask_grpcio(url):
    import grpc

    target = "{}:{}".format(*host_and_port(url))
    with grpc.secure_channel(target, grpc.ssl_channel_credentials()) as channel:
        try:
            channel.unary_unary("/trustpack.Proof/Ask")(b"", timeout=TIMEOUT)
        except grpc.RpcError as error:  # any other status is the server's, and came over TLS
            if error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
                raise


def ask_pycurl(url, roots=None):
    import pycurl

    handle = pycurl.Curl()
    handle.setopt(pycurl.URL, url)
    handle.setopt(pycurl.WRITEFUNCTION, len)
    if roots:
        handle.set_ca_certs(roots)
    handle.perform()
