"""Java for tests: the JVMs of Debian's roots, libraries of Maven Central, and javac.

Debian 11 has Java 11, 12 has 17, 13 has 21, and sid 25 and 8: tests/roots.py makes these systems, of whatever
versions the mirrors have, and a JVM is run in one as `trustpack prove` runs clients there. What comes from
Maven Central is pinned by digest, and kept in ~/.cache/trustpack/java, or the folder $TRUSTPACK_JAVA:
`python -m tests.java` fetches it.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from builder.prove.testbeds.java_libraries import LIBRARIES, JavaLibrary, fetch
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# By the version of Java: the suite whose root has it, and the program.
JVMS: Mapping[str, tuple[str, str]] = {
    "8": ("sid", "/usr/lib/jvm/java-8-openjdk-amd64/jre/bin/java"),
    "11": ("bullseye", "/usr/bin/java"),
    "21": ("trixie", "/usr/bin/java"),
    "25": ("sid", "/usr/lib/jvm/java-25-openjdk-amd64/bin/java"),
}
# commons-logging and Spring's own copy of it do not go together.
CLIENTS = tuple(one for name in LIBRARIES if name != "Spring" for one in LIBRARIES[name])
SPRING = LIBRARIES["Spring"]


def _rows(*rows: str) -> tuple[JavaLibrary, ...]:
    return tuple(JavaLibrary(*row.split()) for row in rows)


# What an application of each Spring Boot needs that is no web server.
BOOTS: Mapping[str, tuple[JavaLibrary, ...]] = {
    "2.7": _rows(
        "org.springframework.boot:spring-boot:2.7.18 "
        "530f4e0fdfeb3a0e2b3a369d15cdea38fbdc1696f8b030c35a6ad65c27524950",
        "org.springframework:spring-web:5.3.31 "
        "7b7b4db19acc8c0cdb0dea93a3aa4b1b706db4bcc7b77f677a0c56e86d379ac7",
        "org.springframework:spring-core:5.3.31 "
        "7013ed3da15a8d4be797f5c310f9aa1b196b97f2313bc41e60ef3f5627224fe9",
        "org.springframework:spring-beans:5.3.31 "
        "a8d6d99003d0a28049cba4273afbcfc64e1107ee3c33f67935853e9711544aa7",
        "org.springframework:spring-jcl:5.3.31 "
        "eee0df6a25a9c56d228ea86272546aa5a0656caf2f14e7b375417b066abbc0db",
        "org.springframework:spring-context:5.3.31 "
        "38def055d1e22b5514b1cb19cef4474e5c1b0d2127c483e7d014bde87c4a4cf3",
        "org.springframework:spring-aop:5.3.31 "
        "3f0c666f317abaa845fc3a24fba219b1f469716bf309cccd755eecb8fee20430",
        "org.springframework:spring-expression:5.3.31 "
        "e027f122b8a4e3030339068220bed02d1c9d397eb5897f1e33ba2f63b22591ac",
    ),
    "3.5": _rows(
        "org.springframework:spring-web:6.2.19 "
        "ca88e364ecebee61163e2260e8a20584138eca74e28a050d6a2ef6302bad2f2d",
        "org.springframework:spring-core:6.2.19 "
        "52146689e71a911c92bac26677d73c692512a739893a57710cc233591756bff6",
        "org.springframework:spring-beans:6.2.19 "
        "846dc8f30a639a36eb551ee99a30469be4d11bd285ca9daf164d98321571b404",
        "org.springframework:spring-jcl:6.2.19 "
        "9994478bcea1423b8892d4eb0db942c94da0090167c3c684050c1eaef04491d0",
        "org.springframework:spring-context:6.2.19 "
        "ead4b645f94a7f665f00093eaafde634e97b34524294de653b51e43e0b3fc4a4",
        "org.springframework:spring-aop:6.2.19 "
        "a11b93539d80b02caf76171db2da96df39abebbfef49a2fadd6dda0779f2e20b",
        "org.springframework:spring-expression:6.2.19 "
        "d710a44417d890353895b341a722d7d08199e2b7da52f0a11c0e92571e1d6e19",
        "io.micrometer:micrometer-observation:1.15.5 "
        "69fac03f20b5b6b4f90abcf463682e0134b21e27925b0e223f2c3a64ca04e0c3",
        "io.micrometer:micrometer-commons:1.15.5 "
        "55fc55ec22f8e2965fa9a7c3521d4e5f1fc020bf236f919a12cbb68cafabf83f",
        "org.springframework.boot:spring-boot:3.5.7 "
        "fdb3611f0baaa3a55b59b69c420d3bffac45cfb8868aaec8d6ee64451fb68e08",
    ),
    "4.0": _rows(
        "commons-logging:commons-logging:1.3.5 "
        "6d7a744e4027649fbb50895df9497d109f98c766a637062fe8d2eabbb3140ba4",
        "io.micrometer:micrometer-observation:1.15.5 "
        "69fac03f20b5b6b4f90abcf463682e0134b21e27925b0e223f2c3a64ca04e0c3",
        "io.micrometer:micrometer-commons:1.15.5 "
        "55fc55ec22f8e2965fa9a7c3521d4e5f1fc020bf236f919a12cbb68cafabf83f",
        "org.springframework.boot:spring-boot:4.0.7 "
        "edb984d0bc80d209bed271e6d334fbfbfcf11cc4c1ef5059adc31c5bde7b1d7c",
        "org.springframework:spring-core:7.0.8 "
        "726ba2a5130833644bdf267a55ff26e1f52e8dcc9aa1ffa06904ca9c14619f25",
        "org.springframework:spring-beans:7.0.8 "
        "6ec2e361a8872a71d8b1ff66f1bcb8cfa29fcc437931998919da7cecfb59b45b",
        "org.springframework:spring-context:7.0.8 "
        "1eb7d552414ebac00e30ab3e809138d810785f6d2c4271db77cdf0181f308f19",
        "org.springframework:spring-aop:7.0.8 "
        "1178f039e087884174e2affc46e484f4a8bd7f2a4e011d33dd9137709f740f80",
        "org.springframework:spring-expression:7.0.8 "
        "3c97c38ab59c77ee886e08ccf8096f6bb58a1245f68dfed7a40e93f41c435f9a",
        "org.jspecify:jspecify:1.0.0 1fad6e6be7557781e4d33729d49ae1cdc8fdda6fe477bb0cc68ce351eafdfbab",
    ),
}

# What Spring Boot's own plugins put into an executable jar, of the second of these.
LOADER = _rows(
    "org.springframework.boot:spring-boot-loader:3.5.7 "
    "ef5d513b4a83aa539be0390e26d3404d04e671e316532e87ab57516fbb4d9427",
)


def folder() -> Path:
    """Return where the libraries are kept."""
    named = os.environ.get("TRUSTPACK_JAVA")
    return Path(named) if named else Path.home() / ".cache" / "trustpack" / "java"


def path(libraries: Iterable[JavaLibrary]) -> str:
    """Return the class path of libraries, fetched if they are not there."""
    require("mvn")
    wanted = tuple(libraries)
    folder().mkdir(parents=True, exist_ok=True)
    with (folder() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        fetch(wanted, folder())
    return os.pathsep.join(str(folder() / one.file) for one in wanted)


def compile_into(
    classes: Path, sources: Sequence[str], *, path: str = "", release: int = 8, options: Sequence[str] = ()
) -> None:
    """Compile sources without debugging information, as templates and probes are."""
    words = [
        require("javac"),
        "--release",
        str(release),
        "-g:none",
        "-implicit:none",
        "-proc:none",
        "-nowarn",
    ]
    command = [*words, *options, "-cp", path, "-d", str(classes), *sources]
    done = subprocess.run(command, env={"PATH": os.defpath}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


if __name__ == "__main__":
    path([*CLIENTS, *SPRING, *LOADER, *(one for boot in BOOTS.values() for one in boot)])
