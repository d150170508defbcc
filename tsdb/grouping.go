package tsdb

import (
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
)

// maxColumns bounds the series of a group, so that a row, a chunk and the memory to compact a group
// stay small: 128 rows of 1024 floats are 1 MiB. A target with more series fills several groups.
const maxColumns = 1024

// targetLabels say where and of what something is measured, not what is measured: all that one
// target sends in one push carries the same values of them, and the same timestamp.
var targetLabels = []string{
	"cluster", "container", "deployment", "endpoint", "gateway", "host", "hostname", "instance", "job",
	"machine", "model", "model_id", "model_name", "model_version", "namespace", "node", "pod",
	"provider", "region", "replica", "route", "service", "version", "zone",
}

// scrapeLabels tell apart the targets of scrapes. A scrape gives every series job and instance, so
// that the version of a build or the pods that a cluster's exporter reports on are not where
// something is measured, but what. The others tell apart the senders of one job and instance.
var scrapeLabels = []string{"cluster", "instance", "job", "region", "replica", "zone"}

// GroupKey names the series that are expected to arrive together. Where a series has target labels
// they are the key, and of a scrape only those of the scrape; else it is all labels but those that
// tell apart the series of one metric family. A wrong guess costs space, never correctness: a group
// may have series without a sample in a row.
func GroupKey(ls labels.Labels) string {
	of := targetLabels
	if ls.Has("job") && ls.Has("instance") {
		of = scrapeLabels
	}
	var key strings.Builder
	write := func(l labels.Label) {
		key.WriteString(strconv.Itoa(len(l.Value)))
		key.WriteByte(' ')
		key.WriteString(l.Name)
		key.WriteByte('=')
		key.WriteString(l.Value)
	}
	ls.Range(func(l labels.Label) {
		if _, is := slices.BinarySearch(of, l.Name); is {
			write(l)
		}
	})
	if key.Len() > 0 {
		return key.String()
	}
	key.WriteByte('*') // never equal to a key of target labels
	ls.Range(func(l labels.Label) {
		switch l.Name {
		case labels.MetricName, labels.BucketLabel, "quantile":
		default:
			write(l)
		}
	})
	return key.String()
}
