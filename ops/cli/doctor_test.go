package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/ops/doctor"
	"github.com/pathwai/airflow-on-fargate/ops/internal/awstest"
)

func TestDoctorEndsAsItsFindingsSay(t *testing.T) {
	green := doctor.Finding{Check: "zones", Of: "us-east-1a", Level: doctor.Green, Says: "is use1-az6"}
	warning := doctor.Finding{Check: "zones", Of: "us-east-1e", Level: doctor.Warning, Says: "is old", Means: "less room", Cure: "another"}
	red := doctor.Finding{Check: "zones", Of: "us-east-1z", Level: doctor.Red, Says: "isn't there", Means: "up stops", Cure: "another"}
	blind := doctor.Finding{Check: "images", Of: "this check", Level: doctor.Unknown, Says: "couldn't be made", Means: "nobody knows", Stops: true}
	hint := doctor.Finding{Check: "hostname", Of: "this check", Level: doctor.Unknown, Says: "couldn't be made", Means: "nobody knows"}
	for name, test := range map[string]struct {
		found []doctor.Finding
		code  int
		said  string
	}{
		"green":            {[]doctor.Finding{green}, 0, "doctor: 1 green, 0 warning, 0 red, 0 unknown\n"},
		"a warning":        {[]doctor.Finding{green, warning}, 0, "doctor: 1 green, 1 warning, 0 red, 0 unknown\n"},
		"an unknown hint":  {[]doctor.Finding{hint}, 0, "doctor: 0 green, 0 warning, 0 red, 1 unknown\n"},
		"blind":            {[]doctor.Finding{green, blind}, ExitFailure, "doctor: 1 green, 0 warning, 0 red, 1 unknown\n"},
		"red beside blind": {[]doctor.Finding{red, blind}, ExitNotAsked, "doctor: 0 green, 0 warning, 1 red, 1 unknown\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, said bytes.Buffer
			err := (&tool{Streams: Streams{Out: &out, Err: &said}}).diagnosis(test.found)
			assert.Equal(t, test.code, code(err))
			assert.Equal(t, test.said, said.String())
			assert.Equal(t, doctor.Text(test.found), out.String())
		})
	}
	assert.Equal(t, "red      zones: us-east-1z: isn't there\n         means: up stops\n         cure:  another\n", doctor.Text([]doctor.Finding{red}))
}

func TestDoctor(t *testing.T) {
	h := newHome(t, map[string]string{"pulumi": `echo "pulumi: you aren't logged in" >&2; exit 255`})
	aws := awstest.Start(t)
	aws.Fail("ListRoles", 1, 403, "AccessDenied")
	got := h.ops("doctor", "dev", "--output", "json")
	assert.Equal(t, ExitNotAsked, got.code)
	var found []doctor.Finding
	require.NoError(t, json.Unmarshal([]byte(got.out), &found))
	levels := map[string]doctor.Level{}
	for _, f := range found {
		levels[f.Check] = f.Level
	}
	assert.Equal(t, doctor.Red, levels["backend"])
	assert.Equal(t, doctor.Red, levels["certificate"])
	assert.Equal(t, doctor.Unknown, levels["service-linked-roles"])
	assert.Equal(t, doctor.Green, levels["buckets"])
	assert.NotContains(t, strings.Join(aws.Calls(), " "), "Create", "it only reads")

	got = h.ops("doctor", "dev", "--fix")
	assert.Equal(t, ExitNotAsked, got.code)
	assert.Contains(t, got.said, "doctor: made the role of ecs.amazonaws.com\n")
	assert.Contains(t, got.out, "green    service-linked-roles: ecs.amazonaws.com: has its role\n")
	aws.Fail("ListRoles", 1, 403, "AccessDenied")
	got = h.ops("doctor", "dev", "--fix")
	assert.Equal(t, ExitFailure, got.code)
	assert.Contains(t, got.said, "ops: what was made stays: operation error IAM: ListRoles")

	ctx, stop := context.WithCancel(t.Context())
	aws.On("ListRoles", 1, stop)
	got = h.opsUntil(ctx, "doctor", "dev")
	assert.Equal(t, ExitInterrupted, got.code)
	assert.Empty(t, got.out)
}
