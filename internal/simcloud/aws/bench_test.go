package aws

import (
	"context"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/pathwai/airflow-on-fargate/internal/simcloud"
)

// BenchmarkUnchanged is what a preview asks about the largest resource, a task
// definition, when nothing has changed: a Check and a Diff, with the wire format
// but without the wire.
func BenchmarkUnchanged(b *testing.B) {
	host, err := simcloud.NewHost("")
	if err != nil {
		b.Fatal(err)
	}
	p, ctx, urn := New(host), context.Background(), string(urnOf(taskToken, "web"))
	must := func(s *structpb.Struct, err error) *structpb.Struct {
		if err != nil {
			b.Fatal(err)
		}
		return s
	}
	inputs := must(simcloud.Marshal(properties(soundTask)))
	for b.Loop() {
		checked, err := p.Check(ctx, &pulumirpc.CheckRequest{Urn: urn, News: inputs, Olds: inputs})
		if err != nil || len(checked.Failures) > 0 {
			b.Fatal(err, checked.GetFailures())
		}
		if _, err := p.Diff(ctx, &pulumirpc.DiffRequest{Id: "web", Urn: urn, Olds: checked.Inputs, OldInputs: checked.Inputs, News: checked.Inputs}); err != nil {
			b.Fatal(err)
		}
	}
}
