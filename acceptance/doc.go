// Package acceptance looks at Heddle from outside: its tests build the binary, start it as a process,
// talk to it over HTTP, receive its webhooks, kill it, and judge by what a user can see.
package acceptance
