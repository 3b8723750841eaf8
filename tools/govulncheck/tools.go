//go:build tools

// Package tools pins govulncheck.
package tools

import _ "golang.org/x/vuln/cmd/govulncheck"
