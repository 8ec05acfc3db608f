// Opens each URL with crypto/tls; prints whether its certificate was accepted, and fails if one was not.
package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"
)

func open(url string) error {
	host, _, _ := strings.Cut(strings.TrimPrefix(url, "https://"), "/")
	address := host
	if !strings.Contains(host, ":") {
		address += ":443"
	}
	connection, err := tls.DialWithDialer(&net.Dialer{Timeout: 20 * time.Second}, "tcp", address, nil)
	if err != nil {
		return err
	}
	defer connection.Close()
	// Not net/http: to compile it takes half a minute.
	fmt.Fprintf(connection, "GET / HTTP/1.0\r\nHost: %s\r\n\r\n", host)
	_, err = io.ReadAll(connection)
	return err
}

func main() {
	status := 0
	for _, url := range os.Args[1:] {
		if err := open(url); err != nil {
			status = 1
			fmt.Println(url, "refused", err)
			continue
		}
		fmt.Println(url, "accepted")
	}
	os.Exit(status)
}
