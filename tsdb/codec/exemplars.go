package codec

import "github.com/prometheus/prometheus/model/exemplar"

// AppendExemplars appends the exemplars of one series, in any order, to dst.
func AppendExemplars(dst []byte, es []exemplar.Exemplar) []byte { panic("not yet") }

// DecodeExemplars appends the exemplars that AppendExemplars wrote to dst. src must hold nothing else.
func DecodeExemplars(dst []exemplar.Exemplar, src []byte) ([]exemplar.Exemplar, error) {
	panic("not yet")
}
