//go:build !race

package acceptance

// raceDetector says that the binary under test is built with the race detector, as these tests are.
const raceDetector = false
