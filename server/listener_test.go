package server

import (
	"errors"
	"net"
	"testing"
)

func TestLimitConnections(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := limitConnections(inner, 2)
	accepted := make(chan net.Conn)
	ended := make(chan error)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				ended <- err
				return
			}
			accepted <- c
		}
	}()
	for range 3 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	first, second := <-accepted, <-accepted
	if len(l.slots) != 2 {
		t.Fatalf("%d slots are taken, want both", len(l.slots))
	}
	select {
	case <-accepted:
		t.Fatal("a third connection was accepted")
	default:
	}
	// Closing one lets the third in; closing it again frees nothing more.
	first.Close()
	first.Close()
	third := <-accepted
	if len(l.slots) != 2 {
		t.Errorf("%d slots are taken, want both", len(l.slots))
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("the waiting Accept ended with %v", err)
	}
	second.Close()
	third.Close()
}
