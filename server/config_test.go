package server

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestConfigMistakes: each mistake is told with what to do, and those in a file with the line.
func TestConfigMistakes(t *testing.T) {
	f := func(text string, wants ...string) {
		t.Helper()
		c, err := ParseConfig("heddle.yml", []byte(text))
		if err == nil {
			err = c.Validate()
		}
		if err == nil {
			t.Errorf("no mistake found in:\n%s", text)
			return
		}
		if problem := new(ConfigError); !errors.As(err, &problem) {
			t.Errorf("%T is not a ConfigError", err)
		}
		for _, want := range append(wants, "heddle.yml: ") {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("want %q in:\n%v", want, err)
			}
		}
	}
	f("listn: 127.0.0.1:1\n", `unknown field "listn"`, "1 | listn: 127.0.0.1:1")
	f("data: x\ndata: y\n", "2 | data: y")
	f("data: x\n  listen: [\n", "2 |")
	f("storage: {retention: soon}\n", `"soon" is not a duration`, "1 | storage: {retention: soon}")
	f("storage:\n  retention_size: much\n", `"much" is not a size`, "2 |   retention_size: much")
	f("storage:\n  wal_sync: 0\n", `neither a duration`, "2 |   wal_sync: 0")
	f("storage:\n  retention: 1h\n  out_of_order: 2h\n", "out_of_order: 2h is not between", "3 |   out_of_order: 2h")
	f("storage: {limits: {max_series_per_label: {model: 0}}}\n", "lets no series in")
	f("rules: {a: b}\n", "1 | rules: {a: b}")
	f("rules: ['rules/[.rules']\n", "is not a file pattern", "1 | rules:")
	f("listen: nowhere\n", "is not HOST:PORT", "1 | listen: nowhere")
	f("listen: 0.0.0.0:9480\n", "can be reached from other machines", "auth.tokens_file", "--insecure", "1 | listen: 0.0.0.0:9480")
	f("listen: :9480\n", "can be reached from other machines")
	f("log: {level: loud}\n", "log.level", "loud")
	f("log: {format: xml}\n", "log.format", "xml")
	f("connectors:\n  gateway: {type: carrier-pigeon}\n", `connectors.gateway.type: "carrier-pigeon" is not known`, "2 |   gateway: {type: carrier-pigeon}")
	f("connectors:\n  gateway: {type: webhook}\n", "connectors.gateway.url")
	f("receivers:\n  - name: oncall\n", "tells nobody", "2 |   - name: oncall")
	f("receivers:\n  - {name: a, log_configs: [{}]}\n  - {name: a, log_configs: [{}]}\n", "there twice", "3 |")
	f("receivers:\n  - {name: a, slack_configs: []}\n", `unknown field "slack_configs"`)
	f("auth: {jwt: {issuer: x}}\n", "auth.jwt: this version of Heddle does not support it")
	f("listen: nowhere\nlog: {level: loud}\n", "HOST:PORT", "loud") // all at once
}

func TestConfigValues(t *testing.T) {
	c, err := ParseConfig("/etc/heddle/heddle.yml", []byte(`
listen: "[::1]:0"
data: ./data
rules: ["rules/*.rules", /opt/more.rules]
auth: {tokens_file: tokens.yml, jwt: {jwks_url: "", issuer: "", audience: ""}, web_config: ""}
storage: {retention: 90d, rollup_5m_retention: 2y, rollup_1h_retention: 0s, retention_size: 20GB, out_of_order: 1h30m, wal_sync: always}
connectors:
  gateway: {type: webhook, url: "http://127.0.0.1:1", secret_file: "secret", timeout: 2s}
  state:   {type: file, path: routes.json}
receivers:
  - name: oncall
    signed_webhook_configs: [{url: "http://127.0.0.1:1", secret_file: "secret"}]
alertmanagers: []
database:    {url: ""}
`))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	f := func(name string, got, want any) {
		t.Helper()
		if got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	f("listen", c.Listen, "[::1]:0")
	f("data", c.Data, "/etc/heddle/data")
	f("rules", strings.Join(c.Rules, " "), "/etc/heddle/rules/*.rules /opt/more.rules")
	f("tokens_file", c.Auth.TokensFile, "/etc/heddle/tokens.yml")
	f("retention", time.Duration(c.Storage.Retention), 90*24*time.Hour)
	f("rollup_5m_retention", time.Duration(c.Storage.Rollup5mRetention), 2*365*24*time.Hour)
	f("rollup_1h_retention", c.Storage.Rollup1hRetention.orNever(), time.Duration(-1))
	f("retention_size", c.Storage.RetentionSize, Size(20e9))
	f("out_of_order", time.Duration(c.Storage.OutOfOrder), 90*time.Minute)
	f("wal_sync", c.Storage.WALSync < 0, true)
	f("timeout", c.Connectors["gateway"].Timeout, 2*time.Second)
	f("secret_file", c.Connectors["gateway"].SecretFile, "/etc/heddle/secret")
	f("path", c.Connectors["state"].Path, "/etc/heddle/routes.json")
	f("receiver's secret_file", c.Receivers[0].SignedWebhooks[0].SecretFile, "/etc/heddle/secret")
}

// TestExampleIsTheDefault: the example names every default as it is.
func TestExampleIsTheDefault(t *testing.T) {
	c, err := LoadConfig("../examples/heddle.yml")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	d, err := ParseConfig("../examples/heddle.yml", nil)
	if err != nil {
		t.Fatal(err)
	}
	d.source, d.Connectors, d.Receivers = c.source, c.Connectors, c.Receivers
	d.Storage.Limits.MaxSeriesPerLabel = c.Storage.Limits.MaxSeriesPerLabel
	if !reflect.DeepEqual(c, d) {
		t.Errorf("the example has\n%+v\nthe defaults are\n%+v", c, d)
	}
}

func TestEmptyConfigIsTheDefault(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "storage: {}\n"} {
		c, err := ParseConfig("heddle.yml", []byte(text))
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if err := c.Validate(); err != nil || c.Listen != "127.0.0.1:9480" || c.Storage.Retention != DefaultConfig().Storage.Retention {
			t.Errorf("%q: %+v, %v", text, c, err)
		}
	}
}

func TestTokens(t *testing.T) {
	const secret = "s3cret-of-the-gateway"
	f := func(want, text string) {
		t.Helper()
		tokens, err := parseTokens([]byte(text))
		got := ""
		if err != nil {
			got = err.Error()
		}
		if want == "" && (err != nil || len(tokens) == 0) || !strings.Contains(got, want) {
			t.Errorf("got %q for %q, want %q", got, text, want)
		}
		if strings.Contains(got, secret) {
			t.Errorf("the error shows a secret: %s", got)
		}
	}
	f("", "tokens: [{name: gateway, token: "+secret+"}]")
	f("", "tokens: [{name: ops, sha256: "+strings.Repeat("ab", 32)+"}]")
	f("has no tokens", "")
	f("not of the form", "tokens: [{name: gateway, secret: "+secret+"}]")
	f("not of the form", secret)
	f("no name", "tokens: [{token: "+secret+"}]")
	f("either token or sha256", "tokens: [{name: a, token: "+secret+", sha256: ab}]")
	f("either token or sha256", "tokens: [{name: a}]")
	f("shorter than 16", "tokens: [{name: a, token: short}]")
	f("64 hexadecimal digits", "tokens: [{name: a, sha256: abcd}]")
}
