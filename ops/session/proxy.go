package session

import (
	"fmt"
	"io"
	"net"
	"net/http"
)

// Proxy is a proxy for browsers and programs that leads to one host alone, by
// an address: they keep its name, hence its certificate, cookies and logins,
// and need no right to change how names resolve here. /proxy.pac tells browsers
// to use it for that host.
func Proxy(host, address string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodConnect && r.Host == fmt.Sprintf("%s:%d", host, webPort):
			connect(w, r, address)
		case r.Method == http.MethodGet && r.URL.Path == "/proxy.pac" && !r.URL.IsAbs():
			w.Header().Set("Content-Type", "application/x-ns-proxy-autoconfig")
			_, _ = fmt.Fprintf(w, "function FindProxyForURL(url, host) { return host == %q ? \"PROXY %s\" : \"DIRECT\"; }\n", host, r.Host)
		default:
			http.Error(w, fmt.Sprintf("this leads to https://%s/ alone", host), http.StatusForbidden)
		}
	})
}

func connect(w http.ResponseWriter, r *http.Request, address string) {
	there, err := new(net.Dialer).DialContext(r.Context(), "tcp", address)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer func() { _ = there.Close() }()
	here, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer func() { _ = here.Close() }()
	if _, err := io.WriteString(here, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	done := make(chan struct{}, 2)
	carry := func(to io.Writer, from io.Reader) {
		_, _ = io.Copy(to, from) // who closes ends it
		done <- struct{}{}
	}
	go carry(there, buffered)
	go carry(here, there)
	<-done
}
