package syntax

import (
	"fmt"

	"github.com/alecthomas/participle/v2/lexer"
)

// parseSegment reads one stretch of a stimulus:
//
//	10/s for 5m | 0.4s [to 3s] [at 20/s] for 5m | nothing for 1m | stale for 1m | reset
func parseSegment(lex *lexer.PeekingLexer) (Segment, error) {
	first := *lex.Peek()
	segment := Segment{Span: spanOf(first)}
	switch {
	case isOp(first, "nothing"), isOp(first, "stale"), isOp(first, "reset"):
		segment.Kind = map[string]SegmentKind{"nothing": Nothing, "stale": Stale, "reset": Reset}[first.Value]
		lex.Next()
	default:
		if err := segment.parseValue(lex); err != nil {
			return segment, err
		}
	}
	if segment.Kind != Reset && isOp(*lex.Peek(), "for") {
		lex.Next()
		d, err := parseDuration(lex)
		if err != nil {
			return segment, err
		}
		segment.For, segment.End = &d, d.End
	}
	return segment, nil
}

func (s *Segment) parseValue(lex *lexer.PeekingLexer) error {
	from, err := parseSigned(lex)
	if err != nil {
		return err
	}
	s.From, s.End = &from, from.End
	if isOp(*lex.Peek(), "/") {
		s.Kind = Rate
		if s.Per, err = parsePer(lex); err != nil {
			return err
		}
		s.End = s.Per.End
	}
	if isOp(*lex.Peek(), "to") {
		lex.Next()
		to, err := parseSigned(lex)
		if err != nil {
			return err
		}
		s.To, s.End = &to, to.End
		if s.Kind == Rate {
			per, err := parsePer(lex)
			if err != nil {
				return err
			}
			if per.Text != s.Per.Text {
				m := mistakeAt(per.Span, fmt.Sprintf("write both per %s", s.Per.Text), "the two rates have different units")
				m.mend = edit{int(lex.RawCursor()) - 1, 1, []lexer.Token{standIn(m.Span, identToken, s.Per.Text)}}
				return m
			}
			s.End = per.End
		}
	}
	if s.Kind == Value && isOp(*lex.Peek(), "at") {
		lex.Next()
		n, err := parseNumberToken(lex)
		if err != nil {
			return err
		}
		s.Observations = &n
		if s.ObservationsPer, err = parsePer(lex); err != nil {
			return err
		}
		s.End = s.ObservationsPer.End
	}
	return nil
}

// parseSigned reads a number that may be negative; the sign becomes part of it.
func parseSigned(lex *lexer.PeekingLexer) (Number, error) {
	sign := *lex.Peek()
	negative := isOp(sign, "-")
	if negative {
		lex.Next()
	}
	if lex.Peek().Type != numberToken {
		return Number{}, standForValue(lex, expected(lex, "a value", "such as 0.4s, 10/s, nothing, stale or reset"), blank)
	}
	n, err := parseNumberToken(lex)
	if err == nil && negative {
		n.Start, n.Text, n.Value, n.Nanos = startOf(sign), "-"+n.Text, -n.Value, -n.Nanos
	}
	return n, err
}

// parsePer reads the unit of a rate: /s, /m or /h.
func parsePer(lex *lexer.PeekingLexer) (Duration, error) {
	const hint = "a rate is written 10/s, 10/m or 10/h"
	if !isOp(*lex.Peek(), "/") {
		m := expected(lex, `"/s"`, hint)
		return Duration{}, m.replacing(lex, 0, standIn(m.Span, opToken, "/"), standIn(m.Span, identToken, "s"))
	}
	lex.Next()
	unit := *lex.Peek()
	for _, u := range timeUnits {
		if u.name == unit.Value && (u.name == "s" || u.name == "m" || u.name == "h") {
			lex.Next()
			return Duration{Span: spanOf(unit), Text: u.name, Nanos: int64(u.unit)}, nil
		}
	}
	m := expected(lex, `"s", "m" or "h"`, hint)
	if unit.Type == identToken || unit.Type == numberToken {
		return Duration{}, m.instead(lex, identToken, "s")
	}
	return Duration{}, m.before(lex, identToken, "s")
}
