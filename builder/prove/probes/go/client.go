// Opens a URL as one of Go's clients does; prints whether its certificate was accepted, and fails if it was not.
package main

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

const limit = 20 * time.Second

// By name. What is compiled beside this file may add some.
var clients = map[string]func(url string) error{
	"http.Get": func(url string) error { return get(http.DefaultClient, url) },
	"Transport.Clone": func(url string) error {
		return get(&http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()}, url)
	},
	"http.Transport": func(url string) error { return get(&http.Client{Transport: &http.Transport{}}, url) },
	"tls.Dial": func(url string) error {
		connection, err := tls.DialWithDialer(&net.Dialer{Timeout: limit}, "tcp", address(url), nil)
		if err != nil {
			return err
		}
		defer connection.Close()
		fmt.Fprintf(connection, "GET / HTTP/1.0\r\nHost: %s\r\n\r\n", address(url))
		_, err = connection.Read(make([]byte, 1))
		return err
	},
}

func get(client *http.Client, url string) error {
	client.Timeout = limit
	response, err := client.Get(url)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

// address returns the host and the port of a URL.
func address(url string) string {
	host, _, _ := strings.Cut(strings.TrimPrefix(url, "https://"), "/")
	if strings.Contains(host, ":") {
		return host
	}
	return host + ":443"
}

// roots prints the subjects of the roots that clients have by default, as digests, a line for each pool.
func roots() {
	system, err := x509.SystemCertPool()
	if err != nil {
		system = x509.NewCertPool()
	}
	pools := map[string]*x509.CertPool{"http.DefaultTransport": system, "x509.SystemCertPool": system}
	if config := http.DefaultTransport.(*http.Transport).TLSClientConfig; config != nil && config.RootCAs != nil {
		pools["http.DefaultTransport"] = config.RootCAs
	}
	for name, pool := range pools {
		fmt.Print(name)
		//lint:ignore SA1019 it is all that tells what is in a pool, on the systems that it is asked on
		for _, subject := range pool.Subjects() {
			fmt.Printf(" %x", sha256.Sum256(subject))
		}
		fmt.Println()
	}
}

func main() {
	if os.Args[1] == "roots" {
		roots()
		return
	}
	if err := clients[os.Args[1]](os.Args[2]); err != nil {
		fmt.Println("refused", err)
		os.Exit(1)
	}
	fmt.Println("accepted")
}
