package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// VersionCmd prints what this binary was built from.
type VersionCmd struct{}

// Run prints one line: version, commit, Go version and platform.
func (VersionCmd) Run(env *Env) error {
	version, revision := "development", "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" && info.Main.Version != "(devel)" {
			version = info.Main.Version
		}
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				revision = setting.Value
			}
		}
	}
	_, err := fmt.Fprintf(env.Stdout, "heddle %s (commit %s, %s, %s/%s)\n", version, revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
