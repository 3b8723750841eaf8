// Package fakes3 is an S3 server on the loopback, for tests and benchmarks:
// gofakes3 in memory, with a place to put faults in.
package fakes3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// Bucket is the one bucket of each server.
const Bucket = "dags-bucket"

// Fault may answer a request in S3's place. It returns false to let S3
// answer.
type Fault func(w http.ResponseWriter, r *http.Request) bool

// Server is one running server.
type Server struct {
	// URL is its address, for AWS_ENDPOINT_URL.
	URL string

	backend *s3mem.Backend
	fake    http.Handler
	server  *http.Server

	mu          sync.Mutex
	fault       Fault
	lists, gets int
}

// Start runs a server with an empty bucket on a free port.
func Start() (*Server, error) { return StartAt("127.0.0.1:0") }

// StartAt runs a server at an address.
func StartAt(address string) (*Server, error) {
	s := &Server{backend: s3mem.New()}
	if err := s.backend.CreateBucket(Bucket); err != nil {
		return nil, fmt.Errorf("fake S3: %w", err)
	}
	s.fake = gofakes3.New(s.backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("fake S3: %w", err)
	}
	s.URL = "http://" + listener.Addr().String()
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	go func() {
		if err := s.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			panic(fmt.Sprintf("fake S3: %v", err))
		}
	}()
	return s, nil
}

// Close ends the server and its connections.
func (s *Server) Close() error { return s.server.Close() }

// ServeHTTP counts the request and answers it, or lets the fault do so.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	if IsList(r) {
		s.lists++
	} else {
		s.gets++
	}
	fault := s.fault
	s.mu.Unlock()
	if fault != nil && fault(w, r) {
		return
	}
	s.fake.ServeHTTP(w, r)
}

// IsList is true for a listing.
func IsList(r *http.Request) bool { return r.URL.Query().Get("list-type") == "2" }

// SetFault puts a fault in, or takes it out again with nil.
func (s *Server) SetFault(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// Requests tells how many listings and other requests came so far.
func (s *Server) Requests() (lists, gets int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lists, s.gets
}

// Pass lets S3 answer a request; for faults that change its answer.
func (s *Server) Pass(w http.ResponseWriter, r *http.Request) { s.fake.ServeHTTP(w, r) }

// Put writes an object.
func (s *Server) Put(key, content string) {
	_, err := s.backend.PutObject(Bucket, key, map[string]string{}, bytes.NewReader([]byte(content)), int64(len(content)), nil)
	if err != nil {
		panic(fmt.Sprintf("fake S3: %v", err))
	}
}

// Delete removes an object.
func (s *Server) Delete(key string) {
	if _, err := s.backend.DeleteObject(Bucket, key); err != nil {
		panic(fmt.Sprintf("fake S3: %v", err))
	}
}

// Config is an AWS configuration that leads to this server. Requests are
// tried again at once.
func (s *Server) Config() aws.Config {
	return aws.Config{
		Region:       "us-east-1",
		BaseEndpoint: &s.URL,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = 4
				o.MaxBackoff = time.Millisecond
			})
		},
	}
}

// Environment is the same for another process.
func (s *Server) Environment() []string {
	return []string{
		"AWS_ENDPOINT_URL=" + s.URL, "AWS_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true",
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
	}
}
