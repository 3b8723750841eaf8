package ecsprotect

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// The answers are those of the document that the package names.
const (
	on       = `{"protection":{"ExpirationDate":"2022-10-06T02:29:16Z","ProtectionEnabled":true,"TaskArn":"arn"}}`
	off      = `{"protection":{"ExpirationDate":null,"ProtectionEnabled":false,"TaskArn":"arn"}}`
	failure  = `{"failure":{"Arn":"arn","Detail":null,"Reason":"MISSING"}}`
	blocked  = `{"failure":{"Arn":"arn","Detail":"a deployment","Reason":"DEPLOYMENT_BLOCKED"}}`
	refused  = `{"requestID":"1","error":{"Arn":"arn","Code":"AccessDeniedException","Message":"no"}}`
	throttle = `{"requestID":"1","error":{"Arn":"arn","Code":"ThrottlingException","Message":"slow"}}`
)

func TestSet(t *testing.T) {
	tests := []struct {
		name    string
		minutes int
		status  int
		body    string
		want    string // "" means success
	}{
		{"protected", 60, 200, on, ""},
		{"released", 0, 200, off, ""},
		{"not protected although asked", 60, 200, off, "asked for true, got false"},
		{"not released although asked", 0, 200, on, "asked for false, got true"},
		{"a failure", 60, 200, failure, "MISSING"},
		{"blocked", 60, 400, blocked, "DEPLOYMENT_BLOCKED: a deployment"},
		{"no right", 60, 400, refused, "HTTP 400, AccessDeniedException: no"},
		{"throttled", 60, 429, throttle, "ThrottlingException"},
		{"an error page", 60, 502, "<html>", "HTTP 502"},
		{"no JSON", 60, 200, "ok", "no protection state"},
		{"empty", 60, 200, "", "no protection state"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var asked string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				asked = fmt.Sprint(r.Method, " ", r.URL.Path, " ", r.Header.Get("Content-Type"), " ", string(body))
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			}))
			defer server.Close()
			err := NewClient(server.URL+"/").Set(t.Context(), tt.minutes)
			wish := `{"ExpiresInMinutes":60,"ProtectionEnabled":true}`
			if tt.minutes == 0 {
				wish = `{"ProtectionEnabled":false}`
			}
			require.Equal(t, "PUT /task-protection/v1/state application/json "+wish, asked)
			if tt.want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, tt.want)
			}
		})
	}
	require.Error(t, NewClient("http://127.0.0.1:1").Set(t.Context(), 1), "nobody listens")
}

// fake answers without a network, so that time can be made up.
type fake struct {
	mu    sync.Mutex
	down  bool
	calls []string
	start time.Time
}

func (f *fake) RoundTrip(r *http.Request) (*http.Response, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	state, answer := "on", on
	if !bytes.Contains(body, []byte("true")) {
		state, answer = "off", off
	}
	if f.down {
		state, answer = "fail", throttle
	}
	f.calls = append(f.calls, fmt.Sprintf("%s@%s", state, time.Since(f.start).Truncate(time.Minute)))
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(answer)), Header: http.Header{}}, nil
}

func (f *fake) take() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	calls := f.calls
	f.calls = nil
	return calls
}

func (f *fake) fail(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
}

func TestKeeper(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{start: time.Now()}
		client := NewClient("http://ecs")
		client.http.Transport = f
		k := NewKeeper(client, 30, slog.New(slog.NewTextHandler(io.Discard, nil)))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); k.Run(ctx) }()

		time.Sleep(time.Hour)
		require.Empty(t, f.take(), "nothing is known, nothing is asked")

		k.Wish(Protect)
		synctest.Wait()
		require.Equal(t, []string{"on@1h0m0s"}, f.take())
		k.Wish(Protect)
		time.Sleep(35*time.Minute - time.Second)
		require.Equal(t, []string{"on@1h10m0s", "on@1h20m0s", "on@1h30m0s"}, f.take(), "renewed at a third of its time")

		k.Wish(Hold) // the worker is given up
		time.Sleep(time.Hour)
		require.Empty(t, f.take(), "no renewal, no release")

		k.Wish(Protect)
		synctest.Wait()
		require.Len(t, f.take(), 1)
		k.Wish(Release)
		synctest.Wait()
		require.Len(t, f.take(), 1)
		time.Sleep(2 * time.Hour)
		require.Empty(t, f.take(), "a release is said once")

		f.fail(true)
		k.Wish(Protect)
		time.Sleep(10 * time.Minute)
		tries := len(f.take())
		require.Greater(t, tries, 90, "it goes on trying")
		require.Less(t, tries, 130, "and does not hammer")
		f.fail(false)
		time.Sleep(7 * time.Second)
		require.NotEmpty(t, f.take(), "done within the longest pause")
		time.Sleep(time.Minute)
		repeats := len(f.take())
		require.GreaterOrEqual(t, repeats, 3, "said again while a lost call may still be carried out")
		require.LessOrEqual(t, repeats, 7, "and no longer")

		k.Wish(Release)
		k.Wish(Protect)
		k.Wish(Release)
		synctest.Wait()
		calls := f.take()
		require.NotEmpty(t, calls)
		require.Contains(t, calls[len(calls)-1], "off", "the last wish wins")
		cancel()
		<-ended
	})
}
