// Command goask calls a server as any Go program does.
package main

import (
	"net/http"
	"os"
)

func main() {
	answer, err := http.Get(os.Args[1])
	if err != nil {
		os.Exit(1)
	}
	answer.Body.Close()
}
