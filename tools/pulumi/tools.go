//go:build tools

// Package tools pins the official Pulumi CLI, so that a machine without one
// builds it from source. See docs/adr and `make tools`.
package tools

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
