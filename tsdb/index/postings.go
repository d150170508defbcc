package index

import "slices"

// Postings are the ids of series in ascending order, each once. A list that was handed out is never
// changed: the table only writes beyond its length.
type Postings []uint32

// intersect returns what all lists have. It starts with the shortest list, so its cost follows the
// rarest label.
func intersect(lists []Postings) Postings {
	if len(lists) == 0 {
		return nil
	}
	lists = slices.Clone(lists)
	slices.SortFunc(lists, func(a, b Postings) int { return len(a) - len(b) })
	result := lists[0]
	for _, list := range lists[1:] {
		if len(result) == 0 {
			return nil
		}
		result = intersectTwo(result, list)
	}
	return result
}

// intersectTwo expects the shorter list first. It jumps ahead in the longer one by doubling steps.
func intersectTwo(short, long Postings) Postings {
	result := make(Postings, 0, len(short))
	for _, id := range short {
		long = skipTo(long, id)
		if len(long) == 0 {
			break
		}
		if long[0] == id {
			result = append(result, id)
			long = long[1:]
		}
	}
	return result
}

// subtract returns what from has and drop has not.
func subtract(from, drop Postings) Postings {
	if len(drop) == 0 {
		return from
	}
	result := make(Postings, 0, len(from))
	for _, id := range from {
		drop = skipTo(drop, id)
		if len(drop) > 0 && drop[0] == id {
			continue
		}
		result = append(result, id)
	}
	return result
}

// union returns what any list has.
func union(lists []Postings) Postings {
	switch len(lists) {
	case 0:
		return nil
	case 1:
		return lists[0]
	}
	total := 0
	for _, list := range lists {
		total += len(list)
	}
	result := make(Postings, 0, total)
	for _, list := range lists {
		result = append(result, list...)
	}
	slices.Sort(result)
	return slices.Compact(result)
}

// skipTo drops what is smaller than id from the front of list.
func skipTo(list Postings, id uint32) Postings {
	step := 1
	for step < len(list) && list[step] < id {
		step *= 2
	}
	end := min(step+1, len(list))
	at, _ := slices.BinarySearch(list[:end], id)
	return list[at:]
}
