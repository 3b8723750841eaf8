// Package loopback finds addresses for servers that tests start, stop, and
// start again at the same place.
package loopback

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// Free is a host and a port of it that nobody listens on. The host is drawn
// from all of loopback's: on 127.0.0.1, of which everybody takes free ports,
// another program could take this one before its server does, or between a
// server's stop and its next start. A Mac has no other.
func Free(t testing.TB) (host string, port int) {
	t.Helper()
	host = fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(254), rand.IntN(256), 1+rand.IntN(254))
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		host = "127.0.0.1"
		listener, err = new(net.ListenConfig).Listen(context.Background(), "tcp", host+":0")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return host, listener.Addr().(*net.TCPAddr).Port
}

// Address is [Free] as one text.
func Address(t testing.TB) string {
	t.Helper()
	host, port := Free(t)
	return net.JoinHostPort(host, strconv.Itoa(port))
}
