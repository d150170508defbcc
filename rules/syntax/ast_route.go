package syntax

// Route is an ordered choice of models for one job, and how a choice is applied.
type Route struct {
	Trivia
	Span
	Name Name `parser:"'route' @@"`
	Block
	// Clauses stand in the order of the file. The methods of Route find them by what they are.
	Clauses []RouteClause
}

// RouteClause is one of *Models, *Apply, *Guard, *Return, *Shift, *Prefer, *Mode.
type RouteClause interface {
	item
	routeClause()
}

// Models lists the models in order of preference; the first is the primary.
type Models struct {
	Trivia
	Span
	Names []String `parser:"'models' @@ (',' @@)*"`
}

// Apply names connectors of the configuration.
type Apply struct {
	Trivia
	Span
	Connectors []Title `parser:"'apply' @@ (',' @@)*"`
}

// Guard bounds how often a route moves: guard dwell 5m, max 3 per 1h.
type Guard struct {
	Trivia
	Span
	Parts []GuardPart `parser:"'guard' @@ (',' @@)*"`
}

// GuardPart is either a dwell, or a number of switches within a time.
type GuardPart struct {
	Dwell *Duration `parser:"  'dwell' @@"`
	Max   *Number   `parser:"| 'max' @@"`
	Per   *Duration `parser:"  'per' @@"`
}

// Dwell returns the shortest time between two switches, or nil.
func (g *Guard) Dwell() *Duration {
	for _, part := range g.Parts {
		if part.Dwell != nil {
			return part.Dwell
		}
	}
	return nil
}

// Max returns the most switches within a time, or nils.
func (g *Guard) Max() (switches *Number, per *Duration) {
	for _, part := range g.Parts {
		if part.Max != nil {
			return part.Max, part.Per
		}
	}
	return nil, nil
}

// Return says when traffic goes back to a more preferred model: return after 10m, probe 5 of 5.
type Return struct {
	Trivia
	Span
	Parts []ReturnPart `parser:"'return' @@ (',' @@)*"`
}

// ReturnPart is one of: never, after a time, or K of N probes.
type ReturnPart struct {
	Never bool      `parser:"  @'never'"`
	After *Duration `parser:"| 'after' @@"`
	Probe *Probe    `parser:"| @@"`
}

// Never reports whether the route stays where it went.
func (r *Return) Never() bool {
	for _, part := range r.Parts {
		if part.Never {
			return true
		}
	}
	return false
}

// After returns how long a model must have been known to be fit, or nil for the default.
func (r *Return) After() *Duration {
	for _, part := range r.Parts {
		if part.After != nil {
			return part.After
		}
	}
	return nil
}

// Probe returns how many of how many probes must pass, or nil for none.
func (r *Return) Probe() *Probe {
	for _, part := range r.Parts {
		if part.Probe != nil {
			return part.Probe
		}
	}
	return nil
}

// Probe is K of N: probe 5 of 5.
type Probe struct {
	Pass  Number `parser:"'probe' @@"`
	Tries Number `parser:"'of' @@"`
}

// Shift moves traffic in steps: shift 10%, 50%, 100% every 1m.
type Shift struct {
	Trivia
	Span
	Steps []Number `parser:"'shift' @@ (',' @@)*"`
	Every Duration `parser:"'every' @@"`
}

// Prefer ranks the fit models by a score: health, latency, error, cost or capacity.
type Prefer struct {
	Trivia
	Span
	By Name `parser:"'prefer' @@"`
}

func firstRouteClause[C RouteClause](r *Route) (found C) {
	for _, clause := range r.Clauses {
		if c, ok := clause.(C); ok {
			return c
		}
	}
	return found
}

// Models returns the clause `models`, nil where it is missing; so do the methods below.
func (r *Route) Models() *Models { return firstRouteClause[*Models](r) }

// Apply returns the clause `apply`, or nil.
func (r *Route) Apply() *Apply { return firstRouteClause[*Apply](r) }

// Guard returns the clause `guard`, or nil.
func (r *Route) Guard() *Guard { return firstRouteClause[*Guard](r) }

// Return returns the clause `return`, or nil.
func (r *Route) Return() *Return { return firstRouteClause[*Return](r) }

// Shift returns the clause `shift`, or nil.
func (r *Route) Shift() *Shift { return firstRouteClause[*Shift](r) }

// Prefer returns the clause `prefer`, or nil.
func (r *Route) Prefer() *Prefer { return firstRouteClause[*Prefer](r) }

// Mode returns the clause `mode`, or nil.
func (r *Route) Mode() *Mode { return firstRouteClause[*Mode](r) }

func (*Models) routeClause() {}
func (*Apply) routeClause()  {}
func (*Guard) routeClause()  {}
func (*Return) routeClause() {}
func (*Shift) routeClause()  {}
func (*Prefer) routeClause() {}
func (*Mode) routeClause()   {}
