package codec

import (
	"encoding/hex"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
)

func TestExemplarsComeBack(t *testing.T) {
	r := seeded(t)
	for range 30 {
		want := randomExemplars(r, r.IntN(200))
		var e Encoder
		stored := e.AppendExemplars(nil, want)
		got, err := DecodeExemplars(nil, stored)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(want) {
			t.Fatalf("%d exemplars of %d", len(got), len(want))
		}
		for i, x := range got {
			w := want[i]
			if x.Ts != w.Ts || x.HasTs != w.HasTs || math.Float64bits(x.Value) != math.Float64bits(w.Value) || !labels.Equal(x.Labels, w.Labels) {
				t.Fatalf("exemplar %d is %+v, want %+v", i, x, w)
			}
		}
		for cut := 1; cut < len(stored); cut++ {
			if _, err := DecodeExemplars(nil, stored[:cut]); err == nil {
				t.Fatalf("no error with %d of %d bytes", cut, len(stored))
			}
		}
	}
}

func TestManyExemplarsTakeSeveralBatches(t *testing.T) {
	want := make([]exemplar.Exemplar, MaxRows+1)
	for i := range want {
		want[i] = exemplar.Exemplar{Value: float64(i), Ts: int64(i), HasTs: true}
	}
	var e Encoder
	got, err := DecodeExemplars(nil, e.AppendExemplars(nil, want))
	if err != nil || len(got) != len(want) || got[MaxRows].Value != MaxRows {
		t.Fatalf("%d exemplars of %d, %v", len(got), len(want), err)
	}
}

func TestTraceIDsTakeHalfTheirDigits(t *testing.T) {
	r := seeded(t)
	var es []exemplar.Exemplar
	for i := range 100 {
		es = append(es, exemplar.Exemplar{Labels: labels.FromStrings("trace_id", randomHex(r, 16)), Value: 0.25, Ts: int64(i) * 1000, HasTs: true})
	}
	var e Encoder
	if size := len(e.AppendExemplars(nil, es)); size > 100*16+64 {
		t.Errorf("100 exemplars take %d bytes, the ids alone are 1600", size)
	}
}

func randomHex(r *rand.Rand, n int) string {
	id := make([]byte, n)
	for i := range id {
		id[i] = byte(r.Uint32())
	}
	return hex.EncodeToString(id)
}

func randomExemplars(r *rand.Rand, n int) []exemplar.Exemplar {
	es := make([]exemplar.Exemplar, n)
	t := r.Int64N(2e12)
	for i := range es {
		t += r.Int64N(30_000) - 1000
		es[i] = exemplar.Exemplar{Value: r.ExpFloat64(), Ts: t, HasTs: r.IntN(10) > 0}
		var pairs []string
		if r.IntN(4) > 0 {
			pairs = append(pairs, "trace_id", randomHex(r, 16))
		}
		if r.IntN(4) == 0 {
			pairs = append(pairs, "note", string([]byte{byte(r.Uint32()), 'x'}))
		}
		es[i].Labels = labels.FromStrings(pairs...)
	}
	return es
}
