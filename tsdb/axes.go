package tsdb

import (
	"cmp"
	"slices"

	"github.com/neuroweaver/heddle/tsdb/codec"
)

// chooseAxes fills into.Times with the timestamp axes of columns and returns the axis of each. Empty
// columns have none.
//
// Three cases, from the usual to the rare: all columns have the same times; they have gaps against
// one cadence, and a presence bitmap is cheaper than an axis; they follow different cadences.
func chooseAxes(columns []seriesColumn, into *codec.Group) []int {
	axisOf := make([]int, len(columns))
	var longest int
	shared := true
	var first []int64
	for i := range columns {
		times := columns[i].column.times
		if len(times) == 0 {
			continue
		}
		if first == nil {
			first = times
		}
		shared = shared && sameTimes(first, times)
		longest = max(longest, len(times))
	}
	if shared {
		into.Times = append(into.Times, first)
		return axisOf
	}
	// A quarter more rows than the longest column has: a bitmap costs an eighth of a byte per row,
	// and missing rows leave the codec's grid of timestamps whole.
	if all := unionTimes(columns, min(longest+longest/4, codec.MaxRows)); all != nil {
		into.Times = append(into.Times, all)
		return axisOf
	}
	byLength := make([]int, len(columns))
	for i := range byLength {
		byLength[i] = i
	}
	slices.SortStableFunc(byLength, func(a, b int) int {
		return cmp.Compare(columns[b].column.len(), columns[a].column.len())
	})
	for _, i := range byLength {
		times := columns[i].column.times
		if len(times) == 0 {
			continue
		}
		axis := slices.IndexFunc(into.Times, func(axis []int64) bool {
			return len(times) >= len(axis)/2 && isSubset(times, axis)
		})
		if axis < 0 {
			axis = len(into.Times)
			into.Times = append(into.Times, times)
		}
		axisOf[i] = axis
	}
	return axisOf
}

func sameTimes(a, b []int64) bool {
	return len(a) == len(b) && (&a[0] == &b[0] || slices.Equal(a, b))
}

// unionTimes returns all times of all columns, nil if there are more than limit.
func unionTimes(columns []seriesColumn, limit int) []int64 {
	var union []int64
	for i := range columns {
		times := columns[i].column.times
		if len(times) == 0 || len(union) > 0 && sameTimes(union, times) {
			continue
		}
		merged := make([]int64, 0, len(union)+len(times))
		a, b := union, times
		for len(a) > 0 && len(b) > 0 {
			next := min(a[0], b[0])
			merged = append(merged, next)
			if a[0] == next {
				a = a[1:]
			}
			if b[0] == next {
				b = b[1:]
			}
		}
		merged = append(append(merged, a...), b...)
		if len(merged) > limit {
			return nil
		}
		union = merged
	}
	return union
}

func isSubset(part, whole []int64) bool {
	for _, t := range part {
		at, found := slices.BinarySearch(whole, t)
		if !found {
			return false
		}
		whole = whole[at:]
	}
	return true
}
