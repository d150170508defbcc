package rules

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/neuroweaver/heddle/rules/syntax"
)

// formatNumber writes a number as people read it: up to four significant digits.
func formatNumber(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	short := strconv.FormatFloat(v, 'g', significantDigits, 64)
	if rounded, err := strconv.ParseFloat(short, 64); err == nil && math.Abs(rounded) >= 1e-4 && math.Abs(rounded) < 1e15 {
		return strconv.FormatFloat(rounded, 'f', -1, 64)
	}
	return short
}

// significantDigits is as fine as a person compares with a threshold.
const significantDigits = 4

// formatUnit writes a number in the unit that its author thinks in: 3.2s, 12.5%, 1.5GiB.
func formatUnit(v float64, unit syntax.Unit) string {
	switch unit {
	case syntax.Time:
		return formatSeconds(v)
	case syntax.Percent:
		return formatNumber(v*100) + "%"
	case syntax.Bytes:
		return formatScaled(v, 1024, []string{"B", "KiB", "MiB", "GiB", "TiB"})
	case syntax.Count:
		return formatScaled(v, 1000, []string{"", "k", "M"})
	}
	return formatNumber(v)
}

// formatSeconds writes seconds in the unit that leaves a readable number.
func formatSeconds(v float64) string {
	size := math.Abs(v)
	switch {
	case v == 0 || size >= 1 && size < 120:
		return formatNumber(v) + "s"
	case size < 1:
		return formatNumber(v*1000) + "ms"
	case size >= math.MaxInt64/float64(time.Second):
		return formatNumber(v) + "s"
	}
	return formatDuration(time.Duration(v * float64(time.Second)).Round(time.Second))
}

func formatScaled(v, step float64, units []string) string {
	i := 0
	for ; i < len(units)-1 && math.Abs(v) >= step; i++ {
		v /= step
	}
	return formatNumber(v) + units[i]
}

// formatDuration writes a time as rule files do: 1h30m.
func formatDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
