// Translates a Butane config from standard input as butane --strict does, which is a package of Butane's own.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/coreos/butane/config"
	"github.com/coreos/butane/config/common"
)

func main() {
	given, err := io.ReadAll(os.Stdin)
	if err != nil {
		panic(err)
	}
	made, report, err := config.TranslateBytes(given, common.TranslateBytesOptions{Pretty: true})
	if err != nil || len(report.Entries) > 0 {
		fmt.Fprint(os.Stderr, err, "\n", report.String())
		os.Exit(1)
	}
	os.Stdout.Write(made)
}
