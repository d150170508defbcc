package server

import (
	"net"
	"sync"
)

// maxConnections bounds how many connections are open at a time; more wait to be accepted. It stays
// below the least hard limit on open files in common use (4096), so that connections can not take
// the files that the store needs.
const maxConnections = 2000

// limitedListener accepts a connection only while fewer than its number of slots are open.
type limitedListener struct {
	net.Listener
	slots chan struct{} // holds one value for each open connection, and one for a waiting Accept

	close  sync.Once
	closed chan struct{}
}

func limitConnections(l net.Listener, most int) *limitedListener {
	return &limitedListener{Listener: l, slots: make(chan struct{}, most), closed: make(chan struct{})}
}

// Accept waits for a slot, then for a connection.
func (l *limitedListener) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	connection, err := l.Listener.Accept()
	if err != nil {
		<-l.slots
		return nil, err
	}
	return &limitedConn{Conn: connection, release: sync.OnceFunc(func() { <-l.slots })}, nil
}

// Close ends waiting Accepts; open connections stay open.
func (l *limitedListener) Close() error {
	l.close.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// limitedConn frees its slot when it is closed first.
type limitedConn struct {
	net.Conn
	release func()
}

func (c *limitedConn) Close() error {
	err := c.Conn.Close()
	c.release()
	return err
}
