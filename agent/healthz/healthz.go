// Package healthz serves the health addresses of a long-running command:
// /healthz says that the process is worth keeping, /readyz that it has what
// it needs to do its work.
package healthz

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Check answers nil when all is well, or why not. It must be cheap: it runs
// for each request.
type Check func() error

// Server serves health checks on one address. Add all handlers before Run.
type Server struct {
	mux *http.ServeMux
}

// New makes a server whose /healthz and /readyz ask the given checks.
func New(healthy, ready Check) *Server {
	s := &Server{mux: http.NewServeMux()}
	s.Handle("/healthz", healthy)
	s.Handle("/readyz", ready)
	return s
}

// Handle serves a check at a path: 200 "ok", or 503 and the reason.
func (s *Server) Handle(path string, check Check) {
	s.mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		if err := check(); err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = fmt.Fprintln(w, err)
			return
		}
		_, _ = fmt.Fprintln(w, "ok")
	})
}

// Listen opens the address before the command starts its work, so that a
// taken port is a start-up error. "host:0" picks a free port.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("health address: %w", err)
	}
	return listener, nil
}

// Run serves until ctx ends, then lets running requests finish for up to a
// second.
func (s *Server) Run(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler:           s.mux,
		ReadHeaderTimeout: 2 * time.Second,
		ReadTimeout:       3 * time.Second,
		WriteTimeout:      5 * time.Second,
		IdleTimeout:       30 * time.Second,
		MaxHeaderBytes:    8 << 10,
	}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if err := server.Shutdown(grace); err != nil {
			_ = server.Close()
		}
	})
	err := server.Serve(listener)
	if !stop() {
		<-stopped
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("health address: %w", err)
}
