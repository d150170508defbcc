package rules

import "github.com/neuroweaver/heddle/rules/syntax"

var modes = map[string]Mode{"auto": Auto, "approve": Approve, "shadow": Shadow}

func compileRoute(d *syntax.Route) Route {
	r := Route{Name: d.Name.Text, ReturnAfter: defaultReturnAfter}
	for _, model := range d.Models().Names {
		r.Models = append(r.Models, model.Value)
	}
	if apply := d.Apply(); apply != nil {
		for _, connector := range apply.Connectors {
			r.Apply = append(r.Apply, connector.Text)
		}
	}
	if mode := d.Mode(); mode != nil {
		r.Mode = modes[mode.Mode.Text]
	}
	if guard := d.Guard(); guard != nil {
		if dwell := guard.Dwell(); dwell != nil {
			r.Dwell = dwell.Value()
		}
		if switches, per := guard.Max(); switches != nil {
			r.MaxSwitches, r.MaxPer = int(switches.Value), per.Value()
		}
	}
	if back := d.Return(); back != nil {
		r.ReturnNever = back.Never()
		if after := back.After(); after != nil {
			r.ReturnAfter = after.Value()
		}
		if probe := back.Probe(); probe != nil {
			r.ProbePass, r.ProbeTries = int(probe.Pass.Value), int(probe.Tries.Value)
		}
	}
	if shift := d.Shift(); shift != nil {
		for _, step := range shift.Steps {
			r.ShiftPercents = append(r.ShiftPercents, step.Value*100)
		}
		r.ShiftEvery = shift.Every.Value()
	}
	if prefer := d.Prefer(); prefer != nil {
		r.Prefer = prefer.By.Text
	}
	return r
}
