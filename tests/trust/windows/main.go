// A client on Windows: it asks crypt32 whether a server's certificate is one that this machine trusts.
package main

import (
	"crypto/tls"
	"fmt"
	"os"
	"strings"
)

func main() {
	// Each word is a name that the server must have and an address: NAME@HOST:PORT.
	for _, word := range os.Args[1:] {
		name, address, _ := strings.Cut(word, "@")
		connection, err := tls.Dial("tcp", address, &tls.Config{ServerName: name})
		if err != nil {
			fmt.Println(word, "refused", err)
			continue
		}
		connection.Close()
		fmt.Println(word, "accepted")
	}
}
