"""An S3 server on loopback for tests: moto's, in a process of its own."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

REGION = "us-east-1"
_ADDRESS = re.compile(rb"Running on (http://127\.0\.0\.1:[0-9]+)")


@contextlib.contextmanager
def serving() -> Iterator[dict[str, str]]:
    """Run the server; yield the environment in which a client of S3 finds it and may write."""
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        try:
            assert process.stderr is not None
            said = b""
            while not (found := _ADDRESS.search(said)):
                line = process.stderr.readline()
                assert line, said.decode()
                said += line
            # What it logs must not fill the pipe.
            with subprocess.Popen(["cat"], stdin=process.stderr, stdout=subprocess.DEVNULL):
                try:
                    yield {
                        "AWS_ENDPOINT_URL": found[1].decode(),
                        "AWS_REGION": REGION,
                        "AWS_ACCESS_KEY_ID": "test",
                        "AWS_SECRET_ACCESS_KEY": "testtest",
                    }
                finally:
                    process.terminate()  # before the other one is waited for, which ends only with it
        finally:
            process.terminate()


def make_bucket(environment: dict[str, str], name: str) -> str:
    """Make an empty bucket that everybody may read; return its address."""
    address = f"{environment['AWS_ENDPOINT_URL']}/{name}"
    allowed = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"],
    }
    headers = {"Content-Type": "application/json"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    for url, data in ((address, None), (f"{address}?policy", policy.encode())):
        request = urllib.request.Request(url, data, headers, method="PUT")  # noqa: S310  loopback
        with urllib.request.urlopen(request):  # noqa: S310  as above
            pass
    return f"s3://{name}"


def keys(environment: dict[str, str], name: str) -> list[str]:
    """Return the keys in a bucket, slashes at their ends and all, sorted."""
    with urllib.request.urlopen(f"{environment['AWS_ENDPOINT_URL']}/{name}?list-type=2") as answer:  # noqa: S310  as above
        return sorted(re.findall("<Key>(.*?)</Key>", answer.read().decode()))
