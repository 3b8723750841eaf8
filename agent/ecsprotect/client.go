// Package ecsprotect keeps the scale-in protection of the ECS task it runs in:
// a protected task is not stopped by service auto scaling or by a deployment.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection-endpoint.html
package ecsprotect

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Client is the endpoint of the ECS container agent.
type Client struct {
	url  string
	http *http.Client
}

// NewClient takes the value of ECS_AGENT_URI, which ECS sets in every
// container.
func NewClient(agentURI string) *Client {
	return &Client{
		url:  strings.TrimRight(agentURI, "/") + "/task-protection/v1/state",
		http: &http.Client{Timeout: 5 * time.Second},
	}
}

type answer struct {
	Protection *struct {
		ProtectionEnabled bool
		ExpirationDate    string
	} `json:"protection"`
	Failure *struct{ Reason, Detail string } `json:"failure"`
	Error   *struct{ Code, Message string }  `json:"error"`
}

// Set turns the protection on for the given minutes, or off when minutes is 0.
// It returns nil only when ECS says that the state is now the one asked for.
func (c *Client) Set(ctx context.Context, minutes int) error {
	wanted := map[string]any{"ProtectionEnabled": minutes > 0}
	if minutes > 0 {
		wanted["ExpiresInMinutes"] = minutes
	}
	body, err := json.Marshal(wanted)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, c.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("task protection: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("task protection: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err != nil {
		return fmt.Errorf("task protection: %w", err)
	}
	if err := read(response.StatusCode, text, minutes > 0); err != nil {
		return fmt.Errorf("task protection: %w", err)
	}
	return nil
}

func read(status int, text []byte, wanted bool) error {
	var a answer
	parse := json.Unmarshal(text, &a)
	switch {
	case a.Error != nil:
		return fmt.Errorf("HTTP %d, %s: %s", status, a.Error.Code, a.Error.Message)
	case a.Failure != nil:
		return fmt.Errorf("HTTP %d, %s: %s", status, a.Failure.Reason, a.Failure.Detail)
	case status != http.StatusOK:
		return fmt.Errorf("HTTP %d", status)
	case parse != nil || a.Protection == nil:
		return errors.New("the answer holds no protection state")
	case a.Protection.ProtectionEnabled != wanted:
		return fmt.Errorf("asked for %t, got %t", wanted, a.Protection.ProtectionEnabled)
	}
	return nil
}
