package main

import (
	"io"
	"os"

	"github.com/mattn/go-isatty"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// benchProgress shows what long work is doing: a bar for each step on a terminal, nothing anywhere
// else. It is used by one goroutine.
type benchProgress struct {
	bars  *mpb.Progress // nil where nothing is shown
	bar   *mpb.Bar
	doing string
}

// barSteps is the resolution of a bar; a share of it is all that is shown.
const barSteps = 1000

func newBenchProgress(w io.Writer) *benchProgress {
	p := &benchProgress{}
	if file, ok := w.(*os.File); ok && isatty.IsTerminal(file.Fd()) {
		p.bars = mpb.New(mpb.WithOutput(w))
	}
	return p
}

// show says that `doing` has got to this share (0…1). Another text ends the step before.
func (p *benchProgress) show(doing string, share float64) {
	if p.bars == nil {
		return
	}
	if doing != p.doing {
		p.endStep()
		p.doing = doing
		p.bar = p.bars.AddBar(barSteps,
			mpb.PrependDecorators(decor.Name(doing, decor.WCSyncSpaceR)),
			mpb.AppendDecorators(decor.Percentage()))
	}
	p.bar.SetCurrent(int64(share * barSteps))
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
