package main

import (
	"fmt"
	"io"
	"os"

	"github.com/mattn/go-isatty"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// benchProgress shows what a benchmark is doing: a bar for each step on a terminal, a line for each
// step anywhere else. It is used by one goroutine.
type benchProgress struct {
	w     io.Writer
	bars  *mpb.Progress // nil where w is no terminal
	bar   *mpb.Bar
	doing string
}

// barSteps is the resolution of a bar; a share of it is all that is shown.
const barSteps = 1000

func newBenchProgress(w io.Writer) *benchProgress {
	p := &benchProgress{w: w}
	if file, ok := w.(*os.File); ok && isatty.IsTerminal(file.Fd()) {
		p.bars = mpb.New(mpb.WithOutput(w))
	}
	return p
}

// show says that `doing` has got to this share (0…1). Another text ends the step before.
func (p *benchProgress) show(doing string, share float64) {
	if doing != p.doing {
		p.endStep()
		p.doing = doing
		if p.bars == nil {
			fmt.Fprintln(p.w, doing)
			return
		}
		p.bar = p.bars.AddBar(barSteps,
			mpb.PrependDecorators(decor.Name(doing, decor.WCSyncSpaceR)),
			mpb.AppendDecorators(decor.Percentage()))
	}
	if p.bar != nil {
		p.bar.SetCurrent(int64(share * barSteps))
	}
}

func (p *benchProgress) endStep() {
	if p.bar != nil {
		p.bar.SetCurrent(barSteps)
		p.bar = nil
	}
}

// end leaves the terminal to what comes next.
func (p *benchProgress) end() {
	p.endStep()
	if p.bars != nil {
		p.bars.Wait()
	}
}
