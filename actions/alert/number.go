package alert

import (
	"math"
	"strconv"
)

// Number is a float that JSON can hold whatever its value: infinities and NaN become strings.
type Number float64

// MarshalJSON gives a JSON number, or one of "+Inf", "-Inf" and "NaN".
func (n Number) MarshalJSON() ([]byte, error) {
	f := float64(n)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return strconv.AppendQuote(nil, strconv.FormatFloat(f, 'g', -1, 64)), nil
	}
	return strconv.AppendFloat(nil, f, 'g', -1, 64), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (n *Number) UnmarshalJSON(b []byte) error {
	text := string(b)
	if unquoted, err := strconv.Unquote(text); err == nil {
		text = unquoted
	}
	f, err := strconv.ParseFloat(text, 64)
	*n = Number(f)
	return err
}
