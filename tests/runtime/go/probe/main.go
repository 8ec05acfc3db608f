// Asks each client of Go about each URL, and servers in this process about clients; prints all answers as JSON.
//
// What it imports beside is chosen by build tags, a file for each.
package main

import (
	"encoding/json"
	"os"
)

type answers struct {
	// By client, by URL: empty where the server was accepted, else why not.
	Clients map[string]map[string]string `json:"clients"`
	// By server, by the file of a client's certificate: the same.
	Servers map[string]map[string]string `json:"servers"`
	// What else was seen, by name.
	Seen map[string]string `json:"seen"`
}

// The first argument is a folder with leaf.pem, a server's, and the clients' certificates; each has its key in it.
func main() {
	folder, urls := os.Args[1], os.Args[2:]
	found := answers{map[string]map[string]string{}, map[string]map[string]string{}, map[string]string{}}
	for name, client := range clients {
		found.Clients[name] = map[string]string{}
		for _, url := range urls {
			found.Clients[name][url] = said(client(url))
		}
	}
	if folder != "-" {
		for name, server := range servers {
			found.Servers[name] = map[string]string{}
			for _, file := range files(folder, "client-*.pem") {
				found.Servers[name][file] = said(server(folder, file))
			}
		}
		for name, look := range sights {
			found.Seen[name] = look(folder)
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		panic(err)
	}
}

func said(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
