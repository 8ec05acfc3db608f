package trust

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"reflect"
	"runtime"
	"strings"
	"time"
)

// shared is the pool of http.DefaultTransport: ours, or that of another organisation's module, with ours in it.
var shared *x509.CertPool

func init() {
	transport, ok := http.DefaultTransport.(*http.Transport)
	if !ok || isOff() {
		return
	}
	config := &tls.Config{}
	if transport.TLSClientConfig != nil {
		config = transport.TLSClientConfig.Clone()
	} else {
		transport.ForceAttemptHTTP2 = transport.ForceAttemptHTTP2 || hasHTTP2(transport)
	}
	switch {
	case config.RootCAs == nil:
		config.RootCAs = system().Clone()
	case !isModules(config.Time): // somebody has named the roots
		return
	}
	shared = config.RootCAs
	add(shared, onlyForServers)
	if config.Time == nil {
		config.Time = nowAmongAddedRoots
	}
	transport.TLSClientConfig = config
}

// isOff tells whether the user switched the module off, or named the roots to use.
func isOff() bool {
	off := os.Getenv(variable)
	return off != "" && off != "0" || hasChosen()
}

// hasHTTP2 tells whether a transport without a configuration speaks HTTP/2, which it does not with one.
func hasHTTP2(t *http.Transport) bool {
	//lint:ignore SA1019 the deprecated ones decide, too
	return t.Dial == nil && t.DialContext == nil && t.DialTLS == nil && t.DialTLSContext == nil
}

// nowAmongAddedRoots is time.Now. By its name another organisation's module knows that the roots beside it were added
// by one like itself, and chosen by nobody: modules have no other place in which they could meet.
func nowAmongAddedRoots() time.Time { return time.Now() }

func isModules(now func() time.Time) bool {
	if now == nil {
		return false
	}
	name := runtime.FuncForPC(reflect.ValueOf(now).Pointer()).Name()
	return strings.HasSuffix(name, "/trust.nowAmongAddedRoots")
}
