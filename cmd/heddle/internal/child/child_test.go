package child

import (
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// ready is an address that answers 200.
func ready(t *testing.T) string {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	return server.URL
}

func shell(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no shell")
	}
	return path
}

func TestStopEndsTheProgram(t *testing.T) {
	p, err := Start(t.Context(), t.TempDir(), ready(t), shell(t), "-c", "echo started; exec sleep 60")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
	select {
	case <-p.Ended():
	default:
		t.Error("Stop returned while the program runs")
	}
	if err := p.Stop(); err != nil {
		t.Errorf("the second Stop: %v", err)
	}
}

func TestStartTellsWhyTheProgramEnded(t *testing.T) {
	_, err := Start(t.Context(), t.TempDir(), "http://127.0.0.1:1/", shell(t), "-c", "echo the disk is on fire; exit 3")
	if err == nil || !strings.Contains(err.Error(), "the disk is on fire") || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("the error is %v", err)
	}
}

func TestChildrenAreNotConfiguredByTheEnvironment(t *testing.T) {
	t.Setenv("HEDDLE_DATA", "/precious")
	p, err := Start(t.Context(), t.TempDir(), ready(t), shell(t), "-c", `echo "data is <$HEDDLE_DATA>"`)
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.Ended():
	case <-time.After(StopLimit):
		t.Fatal("it did not end")
	}
	if said := p.LastLines(); said != "data is <>" {
		t.Errorf("the program said %q", said)
	}
}
