package tsdb

// chunkJoiner joins the sealed chunks of one group after another, on their way to a block. It knows only
// what nearly all groups are: chunks one behind the other, in which each series has a plain float in every
// row or nothing at all. With a million series this is what a flush does most, so it makes no garbage: the
// columns are valid until the next join.
type chunkJoiner struct {
	times   []int64
	values  []float64
	columns []seriesColumn
}

// join returns the columns in the order of the layout. It reports false where the chunks are not of that
// kind; then nothing is said about them.
func (j *chunkJoiner) join(chunks []*sealedChunk, series []SeriesID, layout columnLayout) (_ []seriesColumn, joined bool, err error) {
	rows, samples := 0, 0
	for i, c := range chunks {
		if i > 0 && c.mint() <= chunks[i-1].maxt() {
			return nil, false, nil
		}
		rows += len(c.times)
		samples += c.samples
	}
	if rows > mergeRows || samples > mergeCells {
		return nil, false, nil
	}
	j.times, j.values, j.columns = j.times[:0], j.values[:0], j.columns[:0]
	for _, c := range chunks {
		j.times = append(j.times, c.times...)
	}
	if cap(j.values) < samples {
		j.values = make([]float64, 0, samples) // columns refer to it, so it must not move
	}
	for _, col := range layout.order {
		from, present := len(j.values), 0
		for _, c := range chunks {
			if len(c.packed(int(col))) == 0 {
				continue
			}
			plain := false
			if j.values, plain, err = c.appendFloats(j.values, int(col)); err != nil || !plain {
				return nil, false, err
			}
			present++
		}
		switch present {
		case 0:
		case len(chunks):
			j.columns = append(j.columns, seriesColumn{
				series: series[col], family: int(layout.families[col]),
				column: column{times: j.times, values: j.values[from:len(j.values):len(j.values)]},
			})
		default:
			return nil, false, nil
		}
	}
	return j.columns, true, nil
}
