package trust

import (
	"os"
	"path/filepath"
	"slices"
)

// Where Go looks for the system's roots on Linux and the BSDs (crypto/x509, root_linux.go and root_bsd.go). A variable
// that names them, as those of container images do, chooses no others.
var (
	files = []string{
		"/etc/ssl/certs/ca-certificates.crt",
		"/etc/pki/tls/certs/ca-bundle.crt",
		"/etc/ssl/ca-bundle.pem",
		"/etc/pki/tls/cacert.pem",
		"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
		"/etc/ssl/cert.pem",
		"/usr/local/etc/ssl/cert.pem",
		"/usr/local/share/certs/ca-root-nss.crt",
		"/etc/openssl/certs/ca-certificates.crt",
	}
	folders = []string{
		"/etc/ssl/certs",
		"/etc/pki/tls/certs",
		"/etc/openssl/certs",
		"/usr/local/share/certs",
	}
)

// hasChosen tells whether the user has named the roots to use.
func hasChosen() bool {
	return !areSystems(files, os.Getenv("SSL_CERT_FILE")) ||
		!areSystems(folders, filepath.SplitList(os.Getenv("SSL_CERT_DIR"))...)
}

// areSystems tells whether paths lead to what the system has, by whatever links; an empty one leads nowhere.
func areSystems(known []string, paths ...string) bool {
	return !slices.ContainsFunc(paths, func(path string) bool {
		return path != "" && !slices.ContainsFunc(known, func(one string) bool { return isSame(path, one) })
	})
}

func isSame(path, other string) bool {
	if filepath.Clean(path) == other {
		return true
	}
	here, err := os.Stat(path)
	if err != nil {
		return false
	}
	there, err := os.Stat(other)
	return err == nil && os.SameFile(here, there)
}
