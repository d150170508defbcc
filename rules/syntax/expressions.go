package syntax

import "iter"

// Expressions returns the expressions of a declaration: its conditions, and those in its texts. What
// could not be read is left out.
func Expressions(d Declaration) iter.Seq[Expr] {
	return func(yield func(Expr) bool) {
		switch d := d.(type) {
		case *Let:
			if d.Value != nil {
				yield(d.Value)
			}
		case *Rule:
			for _, clause := range d.Clauses {
				for _, e := range clauseExpressions(clause) {
					if e != nil && !yield(e) {
						return
					}
				}
			}
		}
	}
}

func clauseExpressions(clause RuleClause) (exprs []Expr) {
	switch clause := clause.(type) {
	case *When:
		return []Expr{clause.Condition}
	case *Require:
		return []Expr{clause.Condition}
	case *Recover:
		return []Expr{clause.Condition}
	}
	for _, part := range templateOf(clause).Parts {
		exprs = append(exprs, part.Expr)
	}
	return exprs
}
