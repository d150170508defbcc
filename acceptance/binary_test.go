package acceptance

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// heddle is the path of the binary under test.
var heddle string

// TestMain builds the binary once: as `make build` does, or under the race detector with the race detector.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "heddle-acceptance-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	heddle = filepath.Join(dir, "heddle")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", heddle, "../cmd/heddle")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if raceDetector {
		build = exec.Command("go", "build", "-race", "-o", heddle, "../cmd/heddle")
	}
	if output, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the binary: %v\n%s", err, output)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// run executes the binary in dir and returns its exit code and output.
func run(t *testing.T, dir string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), readyLimit)
	defer cancel()
	command := exec.CommandContext(ctx, heddle, args...)
	command.Dir, command.Stdout, command.Stderr = dir, &out, &errs
	err := command.Run()
	if err != nil && command.ProcessState == nil {
		t.Fatalf("heddle %s: %v", strings.Join(args, " "), err)
	}
	return command.ProcessState.ExitCode(), out.String(), errs.String()
}

func skipUnderRaceDetector(t *testing.T) {
	t.Helper()
	if raceDetector {
		t.Skip("the race detector makes another binary than the one that is delivered")
	}
}

func TestBinaryIsSmall(t *testing.T) {
	skipUnderRaceDetector(t)
	info, err := os.Stat(heddle)
	if err != nil {
		t.Fatal(err)
	}
	const mostBytes = 45e6
	if info.Size() > mostBytes {
		t.Errorf("the binary has %d bytes, more than %d", info.Size(), int(mostBytes))
	}
	t.Logf("%.1f MB", float64(info.Size())/1e6)
}

func TestBinaryIsStatic(t *testing.T) {
	skipUnderRaceDetector(t)
	if runtime.GOOS != "linux" {
		t.Skip("only ELF binaries are looked into")
	}
	file, err := elf.Open(heddle)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, program := range file.Progs {
		if program.Type == elf.PT_INTERP || program.Type == elf.PT_DYNAMIC {
			t.Errorf("the binary has a %v header: it needs a dynamic linker", program.Type)
		}
	}
}

func TestBinaryLinksNoCloudClients(t *testing.T) {
	skipUnderRaceDetector(t)
	info, err := buildinfo.ReadFile(heddle)
	if err != nil {
		t.Fatal(err)
	}
	if len(info.Deps) == 0 {
		t.Fatal("the binary names no modules")
	}
	for _, module := range info.Deps {
		for _, heavy := range []string{"k8s.io/", "github.com/aws/", "github.com/Azure/", "cloud.google.com/", "github.com/hashicorp/nomad"} {
			if strings.HasPrefix(module.Path, heavy) {
				t.Errorf("the binary links %s", module.Path)
			}
		}
	}
	for _, setting := range info.Settings {
		if setting.Key == "CGO_ENABLED" && setting.Value != "0" {
			t.Errorf("the binary was built with CGO_ENABLED=%s", setting.Value)
		}
	}
	t.Logf("%d modules", len(info.Deps))
}
