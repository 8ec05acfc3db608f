// Apkcheck installs packages as apko does, into an empty folder, and prints what apko read of each.
//
// Usage: apkcheck WORLD REPOSITORY ROOT
//
// REPOSITORY/x86_64 holds the packages; their index is made there, by apko, and left unsigned. WORLD is the
// package to install, which apko resolves with what it depends on. apko itself compares each file with the
// checksum in its tar header; it computes the digest of the data stream, but leaves it to its caller to compare
// that with the datahash which the package claims: this program does.
package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"

	"chainguard.dev/apko/pkg/apk/apk"
	"chainguard.dev/apko/pkg/apk/expandapk"
	apkfs "chainguard.dev/apko/pkg/apk/fs"
)

const architecture = "x86_64"

// file is one entry of apko's database of what is installed; the mode is the one in apko's file system.
type file struct {
	Path   string
	Mode   fs.FileMode
	Folder bool
	Owner  string
}

// installed is one package of apko's database, in the order of installation.
type installed struct {
	Name, Version, Arch, Description, License, Origin, Maintainer, URL string
	Dependencies                                                       []string
	InstalledSize                                                      uint64
	BuildDate                                                          int64
	Files                                                              []file
}

func main() {
	if len(os.Args) != 4 {
		fail(fmt.Errorf("usage: apkcheck WORLD REPOSITORY ROOT"))
	}
	found, err := install(context.Background(), os.Args[1], os.Args[2], os.Args[3])
	if err != nil {
		fail(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "apkcheck:", err)
	os.Exit(1)
}

// install indexes the repository, verifies what it holds, and installs world into root.
func install(ctx context.Context, world, repository, root string) ([]installed, error) {
	if err := index(ctx, filepath.Join(repository, architecture)); err != nil {
		return nil, err
	}
	system := apkfs.DirFS(ctx, root)
	client, err := apk.New(ctx,
		apk.WithFS(system),
		apk.WithArch(architecture),
		apk.WithIgnoreIndexSignatures(true),
		apk.WithIgnoreMknodErrors(true),
	)
	if err != nil {
		return nil, err
	}
	if err := client.InitDB(ctx); err != nil {
		return nil, err
	}
	if err := client.SetRepositories(ctx, []string{repository}); err != nil {
		return nil, err
	}
	if err := client.SetWorld(ctx, []string{world}); err != nil {
		return nil, err
	}
	if _, err := client.FixateWorld(ctx, nil); err != nil {
		return nil, err
	}
	packages, err := client.GetInstalled()
	if err != nil {
		return nil, err
	}
	return describe(packages, system)
}

// index writes the APKINDEX of the packages in a folder, each verified first.
func index(ctx context.Context, folder string) error {
	names, err := filepath.Glob(filepath.Join(folder, "*.apk"))
	if err != nil {
		return err
	}
	sort.Strings(names)
	var all apk.APKIndex
	for _, name := range names {
		read, err := verify(ctx, name)
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(name), err)
		}
		all.Packages = append(all.Packages, read)
	}
	archive, err := apk.ArchiveFromIndex(&all)
	if err != nil {
		return err
	}
	data, err := io.ReadAll(archive)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "APKINDEX.tar.gz"), data, 0o644)
}

// verify parses one package and compares what it claims of its streams with what apko computes.
func verify(ctx context.Context, name string) (*apk.Package, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	read, err := apk.ParsePackage(ctx, bytes.NewReader(data), uint64(len(data)))
	if err != nil {
		return nil, err
	}
	expanded, err := expandapk.ExpandApk(ctx, bytes.NewReader(data), "")
	if err != nil {
		return nil, err
	}
	defer expanded.Close()
	if computed := hex.EncodeToString(expanded.PackageHash); computed != read.DataHash {
		return nil, fmt.Errorf("datahash is %s, but the data's digest is %s", read.DataHash, computed)
	}
	if !bytes.Equal(expanded.ControlHash, read.Checksum) {
		return nil, fmt.Errorf("apko disagrees with itself about the control stream's digest")
	}
	return read, nil
}

func describe(packages []*apk.InstalledPackage, system apkfs.FullFS) ([]installed, error) {
	var all []installed
	for _, p := range packages {
		one := installed{
			p.Name, p.Version, p.Arch, p.Description, p.License, p.Origin, p.Maintainer, p.URL,
			p.Dependencies, p.InstalledSize, p.BuildTime.Unix(), nil,
		}
		for _, header := range p.Files {
			info, err := system.Stat(header.Name)
			if err != nil {
				return nil, err
			}
			one.Files = append(one.Files, file{
				Path:   header.Name,
				Mode:   info.Mode().Perm(),
				Folder: info.IsDir(),
				Owner:  fmt.Sprintf("%d:%d", header.Uid, header.Gid),
			})
		}
		all = append(all, one)
	}
	return all, nil
}
