package latencybench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/neuroweaver/heddle/cmd/heddle/internal/child"
)

// secret signs the webhooks of a benchmark; its bytes are arbitrary.
const secret = "whsec_aGVkZGxlLWJlbmNoLWxhdGVuY3ktMDAwMQ=="

// Rule files of the two rows: a plain alert for each trial, and one route whose two models fail in turn.
const (
	alertRules = `
metric probe = gauge "latency_probe"

rule breach on trial {
  when   last(probe, 1m) > 0.5
  for    0s
  notify bench
}
`
	switchRules = `
metric probe = gauge "latency_probe"

route bench {
  models "first", "second"
  apply  bench
  return never
}

rule breach on model {
  when   last(probe, 1m) > 0.5
  for    0s
  switch bench
}
`
)

// heddleAlert measures breach → alert's webhook.
func heddleAlert(ctx context.Context, r *Run) (Result, error) {
	result := Result{Name: "Heddle, alert"}
	err := r.withHeddle(ctx, &result, "alert", alertRules, func(receiver *receiver, writeURL string) error {
		return r.alerts(ctx, &result, receiver, writeURL, leastSpread)
	})
	return result, err
}

// heddleSwitch measures breach → route's webhook, switch after switch.
func heddleSwitch(ctx context.Context, r *Run) (Result, error) {
	result := Result{Name: "Heddle, switch of a route"}
	models := [2]string{"first", "second"}
	err := r.withHeddle(ctx, &result, "switch", switchRules, func(receiver *receiver, writeURL string) error {
		w := &writer{url: writeURL, metric: "latency_probe", label: "model"}
		if err := w.write(ctx, sampleOf{models[0], 0}, sampleOf{models[1], 0}); err != nil {
			return err
		}
		if err := sleep(ctx, settle); err != nil {
			return err
		}
		to := func(trial int) string { return models[(trial+1)%2] }
		return r.trials(ctx, &result, receiver, leastSpread, to, func(trial int) error {
			// The model in use fails; the other one is well again since the trial before.
			return w.write(ctx, sampleOf{models[trial%2], 1}, sampleOf{to(trial), 0})
		})
	})
	return result, err
}

// withHeddle runs do beside a Heddle with these rules, whose webhooks go to the receiver, and notes what
// processor time it took.
func (r *Run) withHeddle(ctx context.Context, result *Result, name, rules string, do func(receiver *receiver, writeURL string) error) (err error) {
	receiver, err := newReceiver(heddleKeys)
	if err != nil {
		return err
	}
	defer receiver.close()
	dir := filepath.Join(r.Dir, "heddle-"+name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	address, err := child.FreeAddress()
	if err != nil {
		return err
	}
	for file, text := range map[string]string{
		"bench.rules": rules, "webhook.secret": secret + "\n",
		"heddle.yml": fmt.Sprintf(`
listen: %[1]s
data: data
rules: [bench.rules]
connectors:
  bench: {type: webhook, url: %[2]q, secret_file: webhook.secret}
receivers:
  - name: bench
    signed_webhook_configs: [{url: %[2]q, secret_file: webhook.secret}]
`, address, receiver.url),
	} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			return err
		}
	}
	server, err := child.Start(ctx, dir, "http://"+address+"/-/ready", r.Program, "serve", "--config", "heddle.yml")
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, server.Stop())
		result.CPU = server.CPU()
	}()
	return do(receiver, "http://"+address+"/api/v1/write")
}

// heddleKeys knows an alert by its trial and a switch by the model it goes to, and confirms its epoch.
func heddleKeys(header http.Header, body []byte) (keys []string, answer string, err error) {
	if err := checkSignature(header, body, secret); err != nil {
		return nil, "", err
	}
	var event struct {
		Type string `json:"type"`
		Data struct {
			Labels map[string]string `json:"labels"`
			Epoch  uint64            `json:"epoch"`
			To     string            `json:"to"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &event); err != nil {
		return nil, "", err
	}
	switch event.Type {
	case "heddle.alert.firing":
		return []string{event.Data.Labels["trial"]}, "{}", nil
	case "heddle.route.switch":
		return []string{event.Data.To}, fmt.Sprintf(`{"epoch":%d}`, event.Data.Epoch), nil
	}
	return nil, "{}", nil
}
