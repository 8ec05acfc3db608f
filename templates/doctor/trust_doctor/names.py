"""The variables by which programs are told whom to trust: of an environment nothing else is looked at."""

import re

# Each with the programs that obey, and whether what it names replaces their own roots (True) or adds to them.
VARIABLES = {
    "SSL_CERT_FILE": ("OpenSSL, Go, Python, curl, uv", True),
    "SSL_CERT_DIR": ("OpenSSL, Go, Python, curl", True),
    "NIX_SSL_CERT_FILE": ("programs of Nix", True),
    "CURL_CA_BUNDLE": ("curl, requests", True),
    "REQUESTS_CA_BUNDLE": ("requests", True),
    "PIP_CERT": ("pip", True),
    "AWS_CA_BUNDLE": ("AWS CLI, botocore", True),
    "HTTPLIB2_CA_CERTS": ("httplib2", True),
    "WEBSOCKET_CLIENT_CA_BUNDLE": ("websocket-client", True),
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": ("gRPC", True),
    "GIT_SSL_CAINFO": ("git", True),
    "GIT_SSL_CAPATH": ("git", True),
    "GIT_SSL_NO_VERIFY": ("git", None),
    "GIT_CONFIG_COUNT": ("git", None),
    "GIT_CONFIG_GLOBAL": ("git", None),
    "GIT_CONFIG_SYSTEM": ("git", None),
    "WGETRC": ("wget", None),
    "SYSTEM_WGETRC": ("wget", None),
    "NODE_EXTRA_CA_CERTS": ("Node.js", False),
    "NODE_USE_SYSTEM_CA": ("Node.js", None),
    "NODE_TLS_REJECT_UNAUTHORIZED": ("Node.js", None),
    "NODE_OPTIONS": ("Node.js", None),
    "npm_config_cafile": ("npm", True),
    "NPM_CONFIG_CAFILE": ("npm", True),
    "npm_config_strict_ssl": ("npm", None),
    "YARN_HTTPS_CA_FILE_PATH": ("yarn", True),
    "DENO_CERT": ("Deno", False),
    "DENO_TLS_CA_STORE": ("Deno", None),
    "JAVA_TOOL_OPTIONS": ("Java", True),
    "JDK_JAVA_OPTIONS": ("Java", True),
    "_JAVA_OPTIONS": ("Java", True),
    "MAVEN_OPTS": ("Maven", True),
    "GRADLE_OPTS": ("Gradle", True),
    "BUNDLE_SSL_CA_CERT": ("Bundler", True),
    "CARGO_HTTP_CAINFO": ("cargo", True),
    "UV_SYSTEM_CERTS": ("uv", None),
    "UV_NATIVE_TLS": ("uv", None),
    "CONDA_SSL_VERIFY": ("conda", None),
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE": ("gcloud", True),
    "PYTHONHTTPSVERIFY": ("Python", None),
    "VAULT_CACERT": ("vault", True),
    "ELECTRON_EXTRA_CA_CERTS": ("Electron", False),
}
# Of the options of these, only what says where roots lie.
_WORDY = frozenset(
    "NODE_OPTIONS JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS _JAVA_OPTIONS MAVEN_OPTS GRADLE_OPTS".split()
)
_OPTION = re.compile(
    r"(?:^|\s)(?:-J)?[\"']?(-Djavax\.net\.ssl\.trustStore(?:Type)?=|--use-(?:system|openssl|bundled)-ca\b|-javaagent:)"
    r"([^\s\"']*)"
)
_PLAIN = re.compile(r"[A-Za-z0-9_.+:/@~{}$ \\()-]{1,1000}")
_URL = re.compile(r"([a-z][a-z0-9+.-]*://)[^/@\s]*@", re.IGNORECASE)
_MOST = 4096  # characters of one value


def told(name, value):
    """Return what may be shown of a variable's value: what names files, or switches; never a secret."""
    value = value[:_MOST]
    if name in _WORDY:
        said = [option + path for option, path in _OPTION.findall(value)]
        return " ".join(without_password(each) for each in said)[:_MOST]
    value = without_password(value.strip())
    return value if _PLAIN.fullmatch(value) else "(not shown: it does not look like a path)"


def without_password(text):
    """Return a text whose URLs name no user and no password."""
    return _URL.sub(r"\1", text)


def paths(name, value):
    """Return the absolute paths that a variable's value names, in its order."""
    if name in _WORDY:
        return [
            path
            for option, path in _OPTION.findall(value[:_MOST])
            if "trustStore=" in option and path.startswith("/")
        ]
    parts = value[:_MOST].split(":") if name in ("SSL_CERT_DIR", "GIT_SSL_CAPATH") else [value[:_MOST]]
    return [part for part in parts if part.startswith("/")]


def chosen(environment):
    """Return the variables of an environment that are looked at, as far as they are set to something."""
    return {name: environment[name] for name in VARIABLES if environment.get(name)}
