// Package lsp is the language server of rule files: an editor that speaks the Language Server
// Protocol 3.17 gets the mistakes of a file while it is written, what a word means, what may stand
// at the cursor, and the canonical form.
//
// One goroutine reads frames (frame.go), one loop takes them in their order (server.go): what changes
// a document is done at once, what asks about one is answered from an analysis (analysis.go) that
// never changes, on a goroutine of its own that the editor can cancel. All it says of the language it
// takes from the tables of package syntax.
package lsp
