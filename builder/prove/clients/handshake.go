// Opens each URL with net/http; prints whether its certificate was accepted.
package main

import (
	"fmt"
	"net/http"
	"os"
	"time"
)

func main() {
	client := http.Client{Timeout: 20 * time.Second}
	for _, url := range os.Args[1:] {
		answer, err := client.Get(url)
		if err != nil {
			fmt.Println(url, "refused", err)
			continue
		}
		answer.Body.Close()
		fmt.Println(url, "accepted")
	}
}
