package peers

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Usage is what Linux accounts to one process.
type Usage struct {
	// CPUSeconds is user and system time of all its threads.
	CPUSeconds float64
	// RSSBytes is the memory that is resident, mapped files included (VmRSS), PeakRSSBytes the most that
	// was at once (VmHWM).
	RSSBytes, PeakRSSBytes int64
}

// clockTicks is USER_HZ, the unit of times in /proc/PID/stat: 100 on all of Go's Linux ports.
const clockTicks = 100

// usageOf reads /proc/PID/stat and /proc/PID/status; both formats are in proc(5).
func usageOf(pid int) (Usage, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return Usage{}, err
	}
	// Field 2 is the program's name in parentheses and may hold spaces; after it comes field 3.
	const firstField, userField, systemField = 3, 14, 15
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	var ticks float64
	for _, field := range []int{userField, systemField} {
		n, err := strconv.ParseFloat(fields[field-firstField], 64)
		if err != nil {
			return Usage{}, fmt.Errorf("/proc/%d/stat: field %d: %w", pid, field, err)
		}
		ticks += n
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return Usage{}, err
	}
	usage := Usage{CPUSeconds: ticks / clockTicks}
	for line := range strings.Lines(string(status)) {
		for prefix, bytes := range map[string]*int64{"VmRSS:": &usage.RSSBytes, "VmHWM:": &usage.PeakRSSBytes} {
			if value, ok := strings.CutPrefix(line, prefix); ok {
				kB, err := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
				if err != nil {
					return Usage{}, fmt.Errorf("/proc/%d/status: %w", pid, err)
				}
				*bytes = kB << 10
			}
		}
	}
	return usage, nil
}

const (
	// settlePeriod and settleShare say what idle is: less than 2 % of a core over two seconds.
	settlePeriod = 2 * time.Second
	settleShare  = 0.02
	// settleLimit bounds the wait for background work; peers finish theirs in seconds.
	settleLimit = 2 * time.Minute
)

// Settle waits until the server has done its background work.
func (s *Server) Settle(ctx context.Context) error {
	deadline := time.Now().Add(settleLimit)
	before, err := s.Usage()
	if err != nil {
		return err
	}
	for time.Now().Before(deadline) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(settlePeriod):
		}
		after, err := s.Usage()
		if err != nil {
			return err
		}
		if after.CPUSeconds-before.CPUSeconds < settleShare*settlePeriod.Seconds() {
			return nil
		}
		before = after
	}
	return fmt.Errorf("%s is still busy after %v", s.Name, settleLimit)
}
