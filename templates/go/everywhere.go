package trust

import (
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"runtime"
)

// Everywhere lets every client of the process that names no roots trust the CA certificates, and not only
// http.DefaultTransport's: other transports, tls.Dial, gRPC. Call it in main before the first connection, or import
// the package everywhere in its stead.
//
// It returns an error where it could not: where another package has called [x509.SetFallbackRoots], which is possible
// once in a process, and [errors.ErrUnsupported] where the platform verifies (Windows, macOS and iOS), which a pool
// would take the place of. It does nothing where the user has named the roots or switched the module off.
func Everywhere() error {
	if isOff() {
		return nil
	}
	switch runtime.GOOS {
	case "windows", "darwin", "ios":
		return fmt.Errorf("%s: the platform verifies here: %w", path, errors.ErrUnsupported)
	}
	pool := shared
	if pool == nil { // http.DefaultTransport has roots of somebody's
		pool = system().Clone()
		add(pool, onlyForServers)
	}
	setFallback(pool)
	if !isServed() {
		return errors.New(path + ": another package has set fallback roots before: only http.DefaultTransport trusts these CAs")
	}
	return nil
}

// setFallback puts a pool in the place of the system's, unless another package has done so before.
func setFallback(pool *x509.CertPool) {
	before, isSet := os.LookupEnv("GODEBUG")
	os.Setenv("GODEBUG", before+",x509usefallbackroots=1")
	defer func() {
		_ = recover() // from the second call in a process
		if isSet {
			os.Setenv("GODEBUG", before)
		} else {
			os.Unsetenv("GODEBUG")
		}
	}()
	x509.SetFallbackRoots(pool)
}

// isServed tells whether the CA certificates are among those of clients that name none.
func isServed() bool {
	now, err := x509.SystemCertPool()
	if err != nil {
		return false
	}
	more := now.Clone()
	Add(more)
	return more.Equal(now)
}
