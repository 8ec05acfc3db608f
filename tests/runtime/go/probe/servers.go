package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
)

// Each tells whether a server accepts the client whose certificate is in a file.
var servers = map[string]func(folder, file string) error{
	"no ClientCAs": func(folder, file string) error {
		return serve(folder, file, &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert})
	},
	"callback": func(folder, file string) error {
		config := &tls.Config{ClientAuth: tls.RequireAnyClientCert}
		config.VerifyPeerCertificate = func(raw [][]byte, _ [][]*x509.Certificate) error {
			certificate, err := x509.ParseCertificate(raw[0])
			if err != nil {
				return err
			}
			return verifyClient(certificate)
		}
		return serve(folder, file, config)
	},
	"after the handshake": func(folder, file string) error {
		server := pair(folder, file, &tls.Config{ClientAuth: tls.RequireAnyClientCert})
		if err := server.Handshake(); err != nil {
			return err
		}
		return verifyClient(server.ConnectionState().PeerCertificates[0])
	},
}

func verifyClient(certificate *x509.Certificate) error {
	usages := []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	_, err := certificate.Verify(x509.VerifyOptions{KeyUsages: usages})
	return err
}

func serve(folder, file string, config *tls.Config) error {
	return pair(folder, file, config).Handshake()
}

// pair returns a server's end of a connection with a client that accepts any server.
func pair(folder, file string, config *tls.Config) *tls.Conn {
	config.Certificates = []tls.Certificate{load(folder, "leaf.pem")}
	near, far := connected()
	client := tls.Client(far, &tls.Config{
		InsecureSkipVerify: true,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			certificate := load(folder, file)
			return &certificate, nil
		},
	})
	go func() {
		if client.Handshake() == nil {
			_, _ = client.Read(make([]byte, 1))
		}
		far.Close()
	}()
	return tls.Server(near, config)
}

// connected returns both ends of a connection: a pipe has no room for an alert that nobody reads.
func connected() (net.Conn, net.Conn) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer listener.Close()
	far, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		panic(err)
	}
	near, err := listener.Accept()
	if err != nil {
		panic(err)
	}
	return near, far
}

func load(folder, file string) tls.Certificate {
	path := filepath.Join(folder, file)
	certificate, err := tls.LoadX509KeyPair(path, path)
	if err != nil {
		panic(err)
	}
	return certificate
}

func files(folder, pattern string) []string {
	paths, _ := filepath.Glob(filepath.Join(folder, pattern))
	var names []string
	for _, path := range paths {
		names = append(names, filepath.Base(path))
	}
	slices.Sort(names)
	return names
}

// Each looks at something else.
var sights = map[string]func(folder string) string{
	"protocol": func(folder string) string {
		response, err := http.Get("https://" + listen(folder))
		if err != nil {
			return err.Error()
		}
		response.Body.Close()
		return response.Proto
	},
	"resumed": func(folder string) string {
		place := listen(folder)
		config := &tls.Config{ClientSessionCache: tls.NewLRUClientSessionCache(1)}
		if transport, ok := http.DefaultTransport.(*http.Transport); ok && transport.TLSClientConfig != nil {
			config = transport.TLSClientConfig.Clone()
			config.ClientSessionCache = tls.NewLRUClientSessionCache(1)
		}
		resumed := ""
		for range 2 {
			connection, err := tls.Dial("tcp", place, config)
			if err != nil {
				return err.Error()
			}
			_, _ = connection.Write([]byte("GET / HTTP/1.0\r\n\r\n"))
			_, _ = connection.Read(make([]byte, 1000))
			resumed = map[bool]string{true: "yes", false: "no"}[connection.ConnectionState().DidResume]
			connection.Close()
		}
		return resumed
	},
	"client inside a server": func(folder string) string {
		place := listen(folder)
		config := &tls.Config{ClientAuth: tls.RequireAnyClientCert}
		config.VerifyPeerCertificate = func([][]byte, [][]*x509.Certificate) error { return dial("https://"+place, nil) }
		return said(serve(folder, files(folder, "client-*.pem")[0], config))
	},
	"GODEBUG": func(string) string {
		value, isSet := os.LookupEnv("GODEBUG")
		return map[bool]string{true: "set: ", false: "unset"}[isSet] + value
	},
}

// listen serves HTTP/2 and HTTP/1 with leaf.pem until the program ends; it returns the address.
func listen(folder string) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{load(folder, "leaf.pem")}}
	server := &http.Server{
		TLSConfig: config,
		Handler:   http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}),
		ErrorLog:  log.New(io.Discard, "", 0), // what refused it
	}
	go func() {
		if err := server.ServeTLS(listener, "", ""); !errors.Is(err, http.ErrServerClosed) {
			panic(err)
		}
	}()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return "localhost:" + port
}
