//go:build tools

// Package tools pins Pulumi's Go language host. v3.60.0 is the last version
// that lives in the sdk module; it runs `runtime: go` programs under today's CLI.
package tools

import _ "github.com/pulumi/pulumi/sdk/v3/go/pulumi-language-go"
