package syntax

import (
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
)

// timeUnits are in the order in which they may follow each other: 1h30m. As in PromQL a day has 24
// hours, a week 7 days and a year 365 days.
var timeUnits = []struct {
	name string
	unit time.Duration
}{
	{"y", 365 * 24 * time.Hour},
	{"w", 7 * 24 * time.Hour},
	{"d", 24 * time.Hour},
	{"h", time.Hour},
	{"m", time.Minute},
	{"s", time.Second},
	{"ms", time.Millisecond},
}

// scales are the other units: what one of them multiplies by.
var scales = map[string]struct {
	unit   Unit
	factor float64
}{
	"%": {Percent, 1e-2},
	"k": {Count, 1e3}, "M": {Count, 1e6},
	"B": {Bytes, 1}, "kB": {Bytes, 1e3}, "KB": {Bytes, 1e3}, "MB": {Bytes, 1e6}, "GB": {Bytes, 1e9}, "TB": {Bytes, 1e12},
	"KiB": {Bytes, 1 << 10}, "MiB": {Bytes, 1 << 20}, "GiB": {Bytes, 1 << 30}, "TiB": {Bytes, 1 << 40},
}

// unitSlips are the units that people write and what they mean here.
var unitSlips = map[string]string{
	"sec": "s", "secs": "s", "second": "s", "seconds": "s", "S": "s",
	"min": "m", "mins": "m", "minute": "m", "minutes": "m",
	"hr": "h", "hrs": "h", "hour": "h", "hours": "h", "H": "h",
	"day": "d", "days": "d", "D": "d", "week": "w", "weeks": "w", "year": "y", "years": "y",
	"msec": "ms", "millis": "ms", "K": "k", "mb": "MB", "gb": "GB", "kb": "kB", "Mb": "MB", "Gb": "GB",
	"pct": "%", "percent": "%", "Mi": "MiB", "Gi": "GiB", "Ki": "KiB",
}

const unitsHint = "units are ms s m h d w y for time, %, k M for counts, kB MB GB TB KiB MiB GiB TiB for sizes"

// maxNumberLength is more digits than a float64 can hold, with a unit.
const maxNumberLength = 64

// parseNumber reads a number with its unit. The hint says what to write instead.
func parseNumber(text string) (n Number, message, hint string) {
	n.Text = text
	if len(text) > maxNumberLength {
		return n, "this number is too long", fmt.Sprintf("at most %d characters", maxNumberLength)
	}
	digits := text
	if end := strings.IndexFunc(text, func(r rune) bool { return (r < '0' || r > '9') && r != '.' }); end >= 0 {
		digits = text[:end]
	}
	unit := text[len(digits):]
	if plain := strings.ReplaceAll(text, "_", ""); plain != text && strings.Trim(plain, "0123456789.") == "" {
		return n, "numbers have no separators", fmt.Sprintf("did you mean %q?", plain)
	}
	if strings.HasPrefix(digits, ".") || strings.HasSuffix(digits, ".") {
		meant := strings.Trim(digits, ".") + unit
		if digits[0] == '.' {
			meant = "0." + meant
		}
		return n, "a number begins and ends with a digit", fmt.Sprintf("did you mean %q?", meant)
	}
	if v, err := strconv.ParseFloat(text, 64); err == nil && !strings.ContainsAny(text, "xX_pP") {
		n.Value = v
		return n, "", ""
	} else if err != nil && strings.Contains(err.Error(), "out of range") {
		return n, fmt.Sprintf("%q is too large", text), "numbers go up to 1.79e308"
	}
	if s, ok := scales[unit]; ok {
		v, exact := new(big.Rat).SetString(digits)
		if !exact {
			return n, fmt.Sprintf("%q is not a number", text), unitsHint
		}
		factor := new(big.Rat).SetFloat64(s.factor)
		if s.unit == Percent {
			factor = big.NewRat(1, 100)
		}
		n.Value, _ = v.Mul(v, factor).Float64()
		n.Unit = s.unit
		return n, "", ""
	}
	nanos, ok := parseTime(text)
	if ok {
		n.Unit, n.Nanos, n.Value = Time, nanos, float64(nanos)/1e9
		return n, "", ""
	}
	if meant, ok := unitSlips[unit]; ok {
		return n, fmt.Sprintf("%q is not a unit", unit), fmt.Sprintf("did you mean %q?", digits+meant)
	}
	units := slices.Sorted(maps.Keys(scales))
	for _, u := range timeUnits {
		if u.name == unit {
			return n, fmt.Sprintf("%q is too long or too fine a time", text), "times are whole nanoseconds, up to 292 years"
		}
		units = append(units, u.name)
	}
	if unit == "" || slices.Contains(units, unit) {
		return n, fmt.Sprintf("%q is not a number", text), unitsHint
	}
	return n, fmt.Sprintf("%q is not a number with a unit", text), unitsHint
}

// parseTime reads a time such as 1h30m: each unit at most once, from the longest to the shortest.
// It reports false for what is not a time, or not a whole number of nanoseconds that fits an int64.
func parseTime(text string) (nanos int64, ok bool) {
	total := new(big.Rat)
	next := 0
	for text != "" {
		end := strings.IndexFunc(text, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
		if end <= 0 {
			return 0, false
		}
		value, ok := new(big.Rat).SetString(text[:end])
		if !ok {
			return 0, false
		}
		text = text[end:]
		end = strings.IndexAny(text, "0123456789.")
		if end < 0 {
			end = len(text)
		}
		i := slices.IndexFunc(timeUnits, func(u struct {
			name string
			unit time.Duration
		}) bool {
			return u.name == text[:end]
		})
		if i < next {
			return 0, false
		}
		next = i + 1
		total.Add(total, value.Mul(value, new(big.Rat).SetInt64(int64(timeUnits[i].unit))))
		text = text[end:]
	}
	if !total.IsInt() || !total.Num().IsInt64() || total.Num().Int64() == math.MaxInt64 {
		return 0, false
	}
	return total.Num().Int64(), true
}
