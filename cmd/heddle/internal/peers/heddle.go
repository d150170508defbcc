package peers

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/neuroweaver/heddle/cmd/heddle/internal/child"
)

// Heddle starts this very program as a server, with its defaults.
func Heddle(ctx context.Context, o Options) (*Server, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return HeddleAt(program)(ctx, o)
}

// HeddleAt is like [Heddle] for the program at a given path.
func HeddleAt(program string) Start {
	return func(ctx context.Context, o Options) (*Server, error) {
		address, err := child.FreeAddress()
		if err != nil {
			return nil, err
		}
		data := filepath.Join(o.Dir, "data")
		args := []string{"serve", "--data", data, "--listen", address}
		if o.Rules != "" {
			path := filepath.Join(o.Dir, "bench.rules")
			if err := os.WriteFile(path, []byte(o.Rules), 0o600); err != nil {
				return nil, err
			}
			args = append(args, "--rules", path)
		}
		s := newServer("Heddle", heddleVersion(), address)
		s.root = data
		s.compact = func(ctx context.Context) (string, error) {
			return filepath.Join(data, "tsdb"), s.call(ctx, http.MethodPost, "/api/v1/admin/compact", nil)
		}
		return s.run(ctx, o, "/-/ready", program, args...)
	}
}

func heddleVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "development"
}
