package heddle_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"testing"
)

// checkProcessState refuses os.Args and os.Exit outside cmd, so that everything can be tested in
// one process.
func checkProcessState(t *testing.T, path string) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, nil, 0)
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return
	}
	ast.Inspect(file, func(node ast.Node) bool {
		selector, ok := node.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		pkg, ok := selector.X.(*ast.Ident)
		if ok && pkg.Name == "os" && (selector.Sel.Name == "Args" || selector.Sel.Name == "Exit") {
			t.Errorf("%s uses os.%s: only cmd does", set.Position(selector.Pos()), selector.Sel.Name)
		}
		return true
	})
}
