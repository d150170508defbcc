// Package rules is the rule engine: it turns samples as they land into state changes of rule
// instances. Deciding is not doing: what follows from a state change is not its concern.
//
// # The way of a sample
//
// [Compile] makes a [Program] of rule files: terms (window functions), conditions over them, and for
// each rule a policy of time. [Engine.Observe] takes each committed batch. routing.go knows which
// metrics a series belongs to and which subjects (one set of values of a rule's labels, usually one
// model) it concerns; the windows of rules/window take the sample; each touched subject is measured
// and its instances decided on, once a batch (decide.go). state.go alone says how an instance moves.
// What changed goes to Options.Notify before Observe returns. [Engine.Tick] does the same for what
// moves without samples; timers.go knows when.
//
// # What the engine holds to
//
//   - A condition is true, false or unknown (truth.go). A function without data is unknown, also count
//     and coverage: a silence proves nothing. Only age goes on counting. One exception: in ratio(a, b,
//     w), where a's series are among those that b takes, no series of a at all is 0 of b, because
//     senders make the series of a failure with the first failure.
//   - Windows end at the newest sample of the series' group. The series that are first met together in
//     a row are a group. It is silent once nothing has come for two and a half of its usual gaps between
//     arrivals, or between samples where that is longer (at least 2 s; a minute while only one arrival is
//     known); from then on its windows move with the server's clock.
//   - A fresh instance does not begin to fire until, for each width of window in its `when`, some window
//     holds half of the samples it should; it may be pending meanwhile. A rule that requires a coverage
//     for a width says itself how much is enough. last, age, count, coverage and ewma wait for nothing.
//     Windows that were rebuilt from the store count as what they hold.
//   - What is unknown does not count towards `for` and `recover … for`: their clocks stand still.
//   - For rules that switch a route, a transition with From == To tells when an instance becomes known
//     or unknown, and once at first.
//   - A rule none of whose instances has a value for ten minutes raises the alert rule_blind about
//     itself. What says nothing for a day and does not fire is forgotten.
//
// replay.go and suite.go run the same engine on recorded and on written time.
package rules
