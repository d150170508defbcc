package latencybench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/neuroweaver/heddle/cmd/heddle/internal/child"
)

// errNotInstalled says which peer is not on this machine.
var errNotInstalled = errors.New("not installed")

// Prometheus and Alertmanager with nothing waited for, and a group for each trial.
const (
	prometheusConfig = `
global: {scrape_interval: 1s, evaluation_interval: %[1]s}
rule_files: [rules.yml]
alerting: {alertmanagers: [{static_configs: [{targets: [%[2]q]}]}]}
`
	prometheusRules = `
groups:
  - name: bench
    interval: %s
    rules: [{alert: breach, expr: 'last_over_time(latency_probe[1m]) > 0.5'}]
`
	alertmanagerConfig = `
route: {receiver: bench, group_by: [trial], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}
receivers: [{name: bench, webhook_configs: [{url: %q}]}]
`
)

// prometheusAlert measures the same as heddleAlert for Prometheus with Alertmanager, with rules evaluated
// every so often.
func prometheusAlert(every time.Duration) row {
	return func(ctx context.Context, r *Run) (result Result, err error) {
		result.Name = fmt.Sprintf("Prometheus + Alertmanager, alert, rules every %v", every)
		receiver, err := newReceiver(alertmanagerKeys)
		if err != nil {
			return result, err
		}
		defer receiver.close()
		dir := filepath.Join(r.Dir, "prometheus-"+every.String())
		if err := os.Mkdir(dir, 0o700); err != nil {
			return result, err
		}
		url, stop, err := startPrometheus(ctx, dir, receiver.url, every)
		if err != nil {
			return result, err
		}
		err = r.alerts(ctx, &result, receiver, url+"/api/v1/write", max(every, leastSpread))
		cpu, stopErr := stop()
		result.CPU = cpu
		return result, errors.Join(err, stopErr)
	}
}

// startPrometheus starts both programs and returns Prometheus's address and what ends them and says how
// much processor time they took.
func startPrometheus(ctx context.Context, dir, receiverURL string, every time.Duration) (url string, stop func() (time.Duration, error), err error) {
	prometheus, err := installed("prometheus")
	if err != nil {
		return "", nil, err
	}
	alertmanager, err := installed("alertmanager", "prometheus-alertmanager")
	if err != nil {
		return "", nil, err
	}
	address, err := child.FreeAddress()
	if err != nil {
		return "", nil, err
	}
	alerts, err := child.FreeAddress()
	if err != nil {
		return "", nil, err
	}
	for file, text := range map[string]string{
		"prometheus.yml":   fmt.Sprintf(prometheusConfig, every, alerts),
		"rules.yml":        fmt.Sprintf(prometheusRules, every),
		"alertmanager.yml": fmt.Sprintf(alertmanagerConfig, receiverURL),
	} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			return "", nil, err
		}
	}
	manager, err := child.Start(ctx, dir, "http://"+alerts+"/-/ready", alertmanager,
		"--config.file=alertmanager.yml", "--storage.path=alertmanager", "--web.listen-address="+alerts,
		"--cluster.listen-address=", "--log.level=error")
	if err != nil {
		return "", nil, err
	}
	server, err := child.Start(ctx, dir, "http://"+address+"/-/ready", prometheus,
		"--config.file=prometheus.yml", "--storage.tsdb.path=prometheus", "--web.listen-address="+address,
		"--web.enable-remote-write-receiver", "--log.level=error")
	if err != nil {
		return "", nil, errors.Join(err, manager.Stop())
	}
	stop = func() (time.Duration, error) {
		err := errors.Join(server.Stop(), manager.Stop())
		return server.CPU() + manager.CPU(), err
	}
	url = "http://" + address
	if err := waitAlertmanager(ctx, url); err != nil {
		_, stopErr := stop()
		return "", nil, errors.Join(err, stopErr)
	}
	return url, stop, nil
}

// waitAlertmanager waits until Prometheus knows its Alertmanager. It hands out what it has discovered only
// every five seconds, and what fires before goes nowhere.
func waitAlertmanager(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, child.ReadyLimit)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/v1/alertmanagers", nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		var answer struct {
			Data struct {
				Active []struct{} `json:"activeAlertmanagers"`
			} `json:"data"`
		}
		err = json.NewDecoder(response.Body).Decode(&answer)
		response.Body.Close()
		if err != nil {
			return err
		}
		if len(answer.Data.Active) > 0 {
			return nil
		}
		if err := sleep(ctx, settle/10); err != nil {
			return err
		}
	}
}

// installed finds a program under any of its names.
func installed(names ...string) (string, error) {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s: %w", names[0], errNotInstalled)
}

// alertmanagerKeys knows alerts by their trial.
func alertmanagerKeys(_ http.Header, body []byte) (keys []string, answer string, err error) {
	var message struct {
		Alerts []struct {
			Status string            `json:"status"`
			Labels map[string]string `json:"labels"`
		} `json:"alerts"`
	}
	if err := json.Unmarshal(body, &message); err != nil {
		return nil, "", err
	}
	for _, alert := range message.Alerts {
		if alert.Status == "firing" {
			keys = append(keys, alert.Labels["trial"])
		}
	}
	return keys, "{}", nil
}
