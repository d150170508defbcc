//go:build race

package syntax

// raceDetector is set where the race detector is on: it allocates and slows down by a factor that no
// bound on work can allow for.
const raceDetector = true
