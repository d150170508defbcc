package peers

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"

	"github.com/neuroweaver/heddle/cmd/heddle/internal/child"
)

// Prometheus starts the Debian package's server with its default store: remote writes taken, its WAL
// compressed (the default), nothing scraped, nothing deleted.
func Prometheus(ctx context.Context, o Options) (*Server, error) {
	program, err := installed("prometheus")
	if err != nil {
		return nil, err
	}
	address, err := child.FreeAddress()
	if err != nil {
		return nil, err
	}
	config := "global: {scrape_interval: 15s, evaluation_interval: 15s}\n"
	if o.Rules != "" {
		if err := os.WriteFile(filepath.Join(o.Dir, "rules.yml"), []byte(o.Rules), 0o600); err != nil {
			return nil, err
		}
		config += "rule_files: [rules.yml]\n"
	}
	configPath := filepath.Join(o.Dir, "prometheus.yml")
	if err := os.WriteFile(configPath, []byte(config), 0o600); err != nil {
		return nil, err
	}
	data := filepath.Join(o.Dir, "data")
	s := newServer("Prometheus", packageVersion("prometheus", program), address)
	// A snapshot is the least that Prometheus ever needs: blocks only, the head as one of them, and
	// no WAL, which a running server keeps beside its blocks.
	s.compact = func(ctx context.Context) (string, error) {
		var reply struct {
			Data struct {
				Name string `json:"name"`
			} `json:"data"`
		}
		if err := s.call(ctx, http.MethodPost, "/api/v1/admin/tsdb/snapshot", &reply); err != nil {
			return "", err
		}
		return filepath.Join(data, "snapshots", reply.Data.Name), nil
	}
	return s.run(ctx, o, "/-/ready", program,
		"--config.file="+configPath,
		"--storage.tsdb.path="+data,
		"--storage.tsdb.retention.time=100y",
		"--web.listen-address="+address,
		"--web.enable-remote-write-receiver",
		"--web.enable-admin-api",
		"--log.level=error",
	)
}

// packageVersion is the version of an installed Debian package; a program that was installed in another
// way is asked itself.
func packageVersion(name, program string) string {
	if text, err := exec.Command("dpkg-query", "--show", "--showformat=${Version}", name).Output(); err == nil {
		return string(text)
	}
	text, _ := exec.Command(program, "--version").CombinedOutput()
	if number := regexp.MustCompile(`\d+\.\d+(\.\d+)?`).Find(text); number != nil {
		return string(number)
	}
	return "of unknown version"
}
