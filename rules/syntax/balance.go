package syntax

import "github.com/alecthomas/participle/v2/lexer"

// balance reports the parentheses of an expression that have no partner. What closes nothing is left
// out, and what is not closed is closed where that is most likely meant.
func balance(tokens []lexer.Token, report func(*mistake)) []lexer.Token {
	p := pairing{tokens: tokens}
	p.run()
	if len(p.unclosed) > 0 {
		// A comparison inside a call may be what comes behind it.
		if guess := (pairing{tokens: tokens, closesCalls: true}); guess.run() && len(guess.extra) <= len(p.extra) {
			p = guess
		}
	}
	if len(p.unclosed) == 0 && len(p.extra) == 0 || len(p.unclosed) > maxDepth {
		return tokens // or too deep to be read
	}
	// closers are how many parentheses are missing before each token.
	closers := map[int]int{}
	for _, u := range p.unclosed {
		report(notClosed(tokens[u.open]))
		closers[u.before]++
	}
	for i := range p.extra {
		report(mistakeAt(spanOf(tokens[i]), `remove it, or add "("`, `this ")" closes nothing`))
	}
	balanced := make([]lexer.Token, 0, len(tokens)+len(p.unclosed))
	for i := range len(tokens) + 1 {
		for range closers[i] {
			end := spanOf(tokens[i-1]).End
			balanced = append(balanced, standIn(Span{end, end}, opToken, ")"))
		}
		if i < len(tokens) && !p.extra[i] {
			balanced = append(balanced, tokens[i])
		}
	}
	return balanced
}

// pairing finds the partners of parentheses.
type pairing struct {
	tokens []lexer.Token
	// closesCalls ends a call behind a window that is its last argument and before a comparison.
	closesCalls bool
	open        []opening
	// unclosed are the parentheses without a partner, extra the places of those that close nothing.
	unclosed []unclosed
	extra    map[int]bool
}

// opening is a parenthesis that is open, and for a call its function and how many commas it has had.
type opening struct {
	at, commas int
	isCall     bool
	signature  *Signature
}

// unclosed is a parenthesis that is not closed, and before which token it should be.
type unclosed struct{ open, before int }

// run looks at all tokens; it is always true.
func (p *pairing) run() bool {
	p.extra = map[int]bool{}
	for i, t := range p.tokens {
		if t.Type == stringToken {
			continue
		}
		for p.closesCalls && p.endsCall(i) {
			p.giveUp(i)
		}
		switch {
		case t.Value == "(":
			o := opening{at: i}
			if i > 0 && p.tokens[i-1].Type == identToken && !reserved[p.tokens[i-1].Value] {
				o.isCall = true
				o.signature, _ = Function(p.tokens[i-1].Value)
			}
			p.open = append(p.open, o)
		case t.Value == "," && len(p.open) > 0:
			p.open[len(p.open)-1].commas++
		case t.Value == ")" && len(p.open) > 0:
			p.open = p.open[:len(p.open)-1]
		case t.Value == ")":
			p.extra[i] = true
		case t.Value == "for" && t.Type == identToken:
			p.giveUpAll(i)
		}
	}
	p.giveUpAll(len(p.tokens))
	return true
}

// giveUp notes that the innermost open parenthesis is not closed.
func (p *pairing) giveUp(before int) {
	last := len(p.open) - 1
	p.unclosed = append(p.unclosed, unclosed{p.open[last].at, before})
	p.open = p.open[:last]
}

func (p *pairing) giveUpAll(before int) {
	for len(p.open) > 0 {
		p.giveUp(before)
	}
}

// endsCall reports whether the innermost call must have ended before the i-th token.
func (p *pairing) endsCall(i int) bool {
	if len(p.open) == 0 {
		return false
	}
	t, call := p.tokens[i], p.open[len(p.open)-1]
	switch {
	case !call.isCall:
		return false
	case strengths[t.Value] == comparisonStrength || reserved[t.Value] && t.Type == identToken:
		return true
	case call.signature == nil || t.Value == ")" || p.tokens[i-1].Type != numberToken:
		return false
	}
	args := call.signature.Args
	return call.commas == len(args)-1 && args[call.commas].Kind == WindowArg
}
