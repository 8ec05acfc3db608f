"""Call servers with clients that were told whom to trust; print who accepted and who refused.

Standard input holds {"urls": {server: url}, "ca": path of the PEM file that they were told to trust,
"stdlib": whether to ask the standard library's clients only}.
"""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN002, ANN201, ANN202, PLW1510, PTH118, PTH123, PTH211, S310
# (This runs in Pythons from 3.9 on, with libraries that are not where the type checker runs.)

import json
import os
import ssl
import subprocess
import sys
import tempfile
import urllib.request

from clients import TIMEOUT, _http_client, _httpx, _outcome, _pip, _program, _requests, _urllib, _urllib3


def _with(context):
    return lambda url: urllib.request.urlopen(url, timeout=TIMEOUT, context=context).read()


def _hashed(ca):
    """Return a folder as OpenSSL wants it, with `ca` alone."""
    folder = tempfile.mkdtemp()
    hashed = subprocess.run(["openssl", "x509", "-hash", "-noout", "-in", ca], capture_output=True, text=True)
    os.symlink(ca, os.path.join(folder, hashed.stdout.strip() + ".0"))
    return folder


def _exporting(name, value, call):
    def called(url):
        os.environ[name] = value
        try:
            call(url)
        finally:
            del os.environ[name]

    return called


def _own(ca):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(ca)
    return context


def _stdlib(ca):
    folder = _hashed(ca)
    with open(ca) as file:
        text = file.read()
    return {
        "cafile": _with(ssl.create_default_context(cafile=ca)),
        "cafile as path": _with(ssl.create_default_context(cafile=os.fsencode(ca))),
        "capath": _with(ssl.create_default_context(capath=folder)),
        "cadata": _with(ssl.create_default_context(cadata=text)),
        "own context": _with(_own(ca)),
        "SSL_CERT_FILE, urllib": _exporting("SSL_CERT_FILE", ca, _urllib),
        "SSL_CERT_FILE, http.client": _exporting("SSL_CERT_FILE", ca, _http_client),
        "SSL_CERT_DIR, urllib": _exporting("SSL_CERT_DIR", folder, _urllib),
    }


def _packages(ca):
    from functools import partial

    return {
        "urllib3 ca_certs": partial(_urllib3, ca_certs=ca),
        "urllib3 context": partial(_urllib3, ssl_context=_own(ca)),
        "requests verify": _requests_verify(ca),
        "REQUESTS_CA_BUNDLE": _exporting("REQUESTS_CA_BUNDLE", ca, _requests),
        "CURL_CA_BUNDLE": _exporting("CURL_CA_BUNDLE", ca, _requests),
        "httpx context": _httpx_verify(ssl.create_default_context(cafile=ca)),
        "SSL_CERT_FILE, httpx": _exporting("SSL_CERT_FILE", ca, _httpx),
        "SSL_CERT_FILE, urllib3": _exporting("SSL_CERT_FILE", ca, _urllib3),
        "botocore verify": _botocore_verify(ca),
        "pip --cert": lambda url: _pip(url, "--cert", ca, "--use-deprecated=legacy-certs"),
        "pip's configuration": _pip_configured(f"cert = {ca}", "use-deprecated = legacy-certs"),
        "pip's configuration, truststore": _pip_configured(f"cert = {ca}"),
        "no check at all": _with(ssl._create_unverified_context()),  # noqa: S323, SLF001  a choice, too
    }


def _pip_configured(*lines):
    path = os.path.join(tempfile.mkdtemp(), "pip.conf")
    with open(path, "w") as file:
        file.write("\n".join(["[global]", *lines]))

    def called(url):
        command = [sys.executable, "-m", "pip", "--no-cache-dir", "--retries=0", "download", "--no-deps"]
        _program(*command, f"--index-url={url}simple/", "no-such-package", success="from versions: none")

    return _exporting("PIP_CONFIG_FILE", path, called)


def _requests_verify(ca):
    import requests

    return lambda url: requests.get(url, verify=ca, timeout=TIMEOUT)


def _httpx_verify(context):
    import httpx

    return lambda url: httpx.get(url, verify=context, timeout=TIMEOUT)


def _botocore_verify(ca):
    from botocore.awsrequest import AWSRequest
    from botocore.httpsession import URLLib3Session

    return lambda url: URLLib3Session(verify=ca, timeout=TIMEOUT).send(AWSRequest("GET", url).prepare())


def main():
    given = json.load(sys.stdin)
    calls = _stdlib(given["ca"])
    if not given["stdlib"]:
        calls.update(_packages(given["ca"]))
    json.dump(
        {
            name: {server: _outcome(call, url) for server, url in given["urls"].items()}
            for name, call in calls.items()
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
