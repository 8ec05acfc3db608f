"""Java libraries that are asked beside Java's own clients: fetched from Maven Central, pinned by digest."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import urllib.request
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from builder.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SECONDS = 60
_AT_ONCE = 8
_MODEL = "maven-model-builder-3*.jar"
_SUPER_POM = "org/apache/maven/model/pom-4.0.0.xml"


class JavaLibrary(msgspec.Struct, frozen=True):
    """One file of Maven Central, by its coordinates, and its SHA-256 in hex."""

    coordinates: str
    sha256: str

    @property
    def file(self) -> str:
        """What the file is called."""
        _, artifact, version, *classifier = self.coordinates.split(":")
        return f"{'-'.join((artifact, version, *classifier))}.jar"

    @property
    def path(self) -> str:
        """Where it lies in a repository."""
        group, artifact, version, *_ = self.coordinates.split(":")
        return f"{group.replace('.', '/')}/{artifact}/{version}/{self.file}"


def _libraries(*rows: str) -> tuple[JavaLibrary, ...]:
    return tuple(JavaLibrary(*row.split()) for row in rows)


# By what each client needs beside itself; the newest that Java 8 takes, of Spring the newest 6.
LIBRARIES: Mapping[str, tuple[JavaLibrary, ...]] = {
    "OkHttp": _libraries(
        "com.squareup.okhttp3:okhttp:4.12.0 b1050081b14bb7a3a7e55a4d3ef01b5dcfabc453b4573a4fc019767191d5f4e0",
        "com.squareup.okio:okio-jvm:3.9.1 fe6fe91378f9bfa7b08c3864828ce418005cf28acca12e8847eb65c565c37500",
        "org.jetbrains.kotlin:kotlin-stdlib:2.2.0 "
        "65d12d85a3b865c160db9147851712a64b10dadd68b22eea22a95bf8a8670dca",
    ),
    "HttpClient 4": _libraries(
        "org.apache.httpcomponents:httpclient:4.5.14 "
        "c8bc7e1c51a6d4ce72f40d2ebbabf1c4b68bfe76e732104b04381b493478e9d6",
        "org.apache.httpcomponents:httpcore:4.4.16 "
        "6c9b3dd142a09dc468e23ad39aad6f75a0f2b85125104469f026e52a474e464f",
        "commons-logging:commons-logging:1.3.5 "
        "6d7a744e4027649fbb50895df9497d109f98c766a637062fe8d2eabbb3140ba4",
        "commons-codec:commons-codec:1.17.1 f9f6cb103f2ddc3c99a9d80ada2ae7bf0685111fd6bffccb72033d1da4e6ff23",
    ),
    "HttpClient 5": _libraries(
        "org.apache.httpcomponents.client5:httpclient5:5.5 "
        "496b4b0e8d5f3a8139a5d2638486d304758bac3a9c39d76989f663cfd9354fc9",
        "org.apache.httpcomponents.core5:httpcore5:5.3.4 "
        "f2b2fd7a0164e8c3120cd8437bc9fea439239e165c17262b3e907daa7e979f80",
        "org.apache.httpcomponents.core5:httpcore5-h2:5.3.4 "
        "1fb4f34e4b612e7c127ad693335583587850b17ce9b1c366f9de1ca49fe2c781",
        "org.slf4j:slf4j-api:2.0.17 7b751d952061954d5abfed7181c1f645d336091b679891591d63329c622eb832",
    ),
    "Netty": _libraries(
        "io.netty:netty-common:4.1.137.Final "
        "d31926b01adcc07af86f5e27b81b6d6c115df17d366e835d1fc3f5a1924e7e52",
        "io.netty:netty-buffer:4.1.137.Final "
        "f474b14c7734f15e0540394cb6f39d67777b7581a42919e4ac89d253d4efd929",
        "io.netty:netty-transport:4.1.137.Final "
        "6251adc2a2921572382732a2db188d4f4f2251fd6ebb49c5d44bbf33d6bfb1a7",
        "io.netty:netty-resolver:4.1.137.Final "
        "b4cf2aeedd9fc7c8c439bbfe574f63cfe5b83392e88bbc07ca0e8424b7cff955",
        "io.netty:netty-codec:4.1.137.Final 9987b6a660b0a6b1f0d791485dae33180b3d1c63687c006fe6d3fd025e9e3798",
        "io.netty:netty-handler:4.1.137.Final "
        "d0e4c6ee4779f59f6ab2fb5d388e4f57147c82270164b37945764bb9bda96a44",
        "io.netty:netty-transport-native-unix-common:4.1.137.Final "
        "8056e7637f9948f953314894cf995ab664711b66c73c4cd5b593ae84f0b1048c",
        "io.netty:netty-tcnative-classes:2.0.81.Final "
        "b317bff5c41fea5a2c2eefebcc25c5ee486726c93e580200bc4c9ec7fc33e1f2",
        "io.netty:netty-tcnative-boringssl-static:2.0.81.Final:linux-x86_64 "
        "9c7ce1e5965a9cd2a9bc57c602f3917e3994279e9c701953e8f6c6aefb76f431",
    ),
    "gRPC": _libraries(
        "io.grpc:grpc-netty-shaded:1.83.0 c84635f7ab38d7efc57dbd5274349f776f5ac88d69e2ec2405b20d420f77ae6c",
        "io.grpc:grpc-api:1.83.0 c6c4df7de641a26f02993c176a27158584c3d4628e40b54ac7d750e7e6a1bceb",
        "io.grpc:grpc-core:1.83.0 d69fee3874ba1af9cb55dc06bd678567b3d90dff2ba2d0fd65f5224085246f59",
        "io.grpc:grpc-stub:1.83.0 b51b11f4cf48e413a676cb39345b1a9db88943fc64db081bf8e711e16e25680b",
        "io.grpc:grpc-util:1.83.0 a69e1545047b350627b314dd74e989b7035e0db8e67fb7c519b57d664711a92d",
        "io.perfmark:perfmark-api:0.27.0 c7b478503ec524e55df19b424d46d27c8a68aeb801664fadd4f069b71f52d0f6",
        "com.google.guava:guava:33.5.0-jre 1e301f0c52ac248b0b14fdc3d12283c77252d4d6f48521d572e7d8c4c2cc4ac7",
        "com.google.guava:failureaccess:1.0.3 "
        "cbfc3906b19b8f55dd7cfd6dfe0aa4532e834250d7f080bd8d211a3e246b59cb",
    ),
    "Spring": _libraries(
        "org.springframework:spring-web:6.2.19 "
        "ca88e364ecebee61163e2260e8a20584138eca74e28a050d6a2ef6302bad2f2d",
        "org.springframework:spring-core:6.2.19 "
        "52146689e71a911c92bac26677d73c692512a739893a57710cc233591756bff6",
        "org.springframework:spring-beans:6.2.19 "
        "846dc8f30a639a36eb551ee99a30469be4d11bd285ca9daf164d98321571b404",
        "org.springframework:spring-jcl:6.2.19 "
        "9994478bcea1423b8892d4eb0db942c94da0090167c3c684050c1eaef04491d0",
        "io.micrometer:micrometer-observation:1.15.5 "
        "69fac03f20b5b6b4f90abcf463682e0134b21e27925b0e223f2c3a64ca04e0c3",
        "io.micrometer:micrometer-commons:1.15.5 "
        "55fc55ec22f8e2965fa9a7c3521d4e5f1fc020bf236f919a12cbb68cafabf83f",
    ),
}


def fetch(libraries: Iterable[JavaLibrary], folder: Path) -> None:
    """Download into `folder` what is not there yet.

    Raises ToolError where Maven Central cannot be reached, or has another file.
    """
    wanted = [one for one in dict.fromkeys(libraries) if not (folder / one.file).exists()]
    if not wanted:
        return
    folder.mkdir(parents=True, exist_ok=True)
    url = _repository()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(lambda one: _download(one, f"{url}/{one.path}", folder), wanted))


def _download(one: JavaLibrary, url: str, folder: Path) -> None:
    try:
        with urllib.request.urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310  its digest is known
            data = answer.read()
    except (OSError, ValueError) as error:
        raise ToolError(f"{one.coordinates}: cannot be fetched from Maven Central: {error}") from None
    if hashlib.sha256(data).hexdigest() != one.sha256:
        raise ToolError(f"{one.coordinates}: Maven Central has not the file whose digest is known")
    new = folder / f"{one.file}.{os.getpid()}"
    new.write_bytes(data)
    new.replace(folder / one.file)


def _repository() -> str:
    """Return Maven Central's address, as the model that every project inherits from Maven has it."""
    maven = shutil.which("mvn")
    if maven is None:
        raise ToolError("mvn: the program is not installed, which knows where Maven Central is")
    found = [*(Path(maven).resolve().parents[1] / "lib").glob(_MODEL)]
    if not found:
        raise ToolError("mvn: is no Maven 3, which knows where Maven Central is")
    model = zipfile.ZipFile(found[0]).read(_SUPER_POM).decode("utf-8")
    urls: list[str] = re.findall(r"<url>(.+?)</url>", model)
    return urls[0].rstrip("/")
