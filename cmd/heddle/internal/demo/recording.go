package demo

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
)

// questionCount is how many questions were put to each snapshot.
const questionCount = 1000

// call is one recorded answer of a snapshot to a question.
type call struct {
	latencyMS float64
	tokens    int
	costUSD   float64
	correct   bool
}

// recording is what the demo replays: for each snapshot its answers by the number of the question,
// and when requests arrived, from the first on.
type recording struct {
	answers  map[string][]call
	arrivals []time.Duration
	// order is the order in which the questions are asked. The recording has all primes before all
	// composites, and GPT-4 of June calls nearly everything composite; in that order its quality would
	// depend on the minute.
	order []int
}

// orderSeed makes every demo ask in the same order; any number would do.
const orderSeed = 2023

// parseRecording reads the two tables of examples/data.
func parseRecording(answersCSV, arrivalsCSV []byte) (*recording, error) {
	r := &recording{
		answers: map[string][]call{},
		order:   rand.New(rand.NewPCG(orderSeed, 0)).Perm(questionCount),
	}
	rows, err := csv.NewReader(bytes.NewReader(answersCSV)).ReadAll()
	if err != nil {
		return nil, err
	}
	for _, row := range rows[1:] {
		if err := r.addAnswer(row); err != nil {
			return nil, fmt.Errorf("answers: %q: %w", row, err)
		}
	}
	rows, err = csv.NewReader(bytes.NewReader(arrivalsCSV)).ReadAll()
	if err != nil {
		return nil, err
	}
	for _, row := range rows[1:] {
		ms, err := strconv.ParseInt(row[0], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("arrivals: %w", err)
		}
		r.arrivals = append(r.arrivals, time.Duration(ms)*time.Millisecond)
	}
	return r, nil
}

// addAnswer takes one row: snapshot, question, latency_ms, answer_tokens, cost_usd, correct.
func (r *recording) addAnswer(row []string) error {
	question, err := strconv.Atoi(row[1])
	if err != nil {
		return err
	}
	latency, err := strconv.ParseFloat(row[2], 64)
	if err != nil {
		return err
	}
	tokens, err := strconv.Atoi(row[3])
	if err != nil {
		return err
	}
	cost, err := strconv.ParseFloat(row[4], 64)
	if err != nil {
		return err
	}
	snapshot := row[0]
	if question != len(r.answers[snapshot]) {
		return fmt.Errorf("question %d of %s stands in place %d", question, snapshot, len(r.answers[snapshot]))
	}
	r.answers[snapshot] = append(r.answers[snapshot], call{latency, tokens, cost, row[5] == "1"})
	return nil
}

// answer is what the snapshot answered to the n-th request.
func (r *recording) answer(snapshot string, n int) call {
	return r.answers[snapshot][r.order[n%questionCount]]
}
