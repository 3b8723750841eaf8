package rollout

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAskedIsWhatPulumiDeployedAndTheStacksDigests(t *testing.T) {
	w := newWorld(t)
	revisions := w.up("b")
	client := Client(w.cfg)
	asked, err := Asked(t.Context(), client, w.stack("b"), w.State())
	require.NoError(t, err)
	for _, service := range asked {
		assert.Equal(t, revisions[service.Name], service.Revision)
	}

	_, err = Asked(t.Context(), client, w.stack("c"), w.State())
	var fault *NotAsked
	require.ErrorAs(t, err, &fault)
	require.Len(t, fault.Faults, 3)
	assert.Equal(t, scheduler+": the container scheduler of "+scheduler+":2, as Pulumi made it, has the image scheduler@sha256:"+strings.Repeat("b", 64)+
		", and sha256:"+strings.Repeat("c", 64)+" was asked for: make up makes it so", fault.Faults[0])

	some := w.stack("b")
	delete(some.Digests, "worker")
	_, err = Asked(t.Context(), client, some, w.State())
	require.ErrorContains(t, err, ", and no digest of it was asked for")
	some.Digests = nil
	_, err = Asked(t.Context(), client, some, w.State())
	require.NoError(t, err, "Pulumi builds the images itself")

	others := w.Register(triggerer, "triggerer", "public.ecr.aws/some/sidecar:1")
	w.Asked(triggerer, others)
	_, err = Asked(t.Context(), client, w.stack("b"), w.State())
	require.NoError(t, err, "no image of the stack's own")

	w.Asked(triggerer, strings.TrimSuffix(others, ":3")+":99")
	_, err = Asked(t.Context(), client, w.stack("b"), w.State())
	require.ErrorContains(t, err, "the revision "+triggerer+":99 of "+triggerer+": ")
}

func TestServicesOfAState(t *testing.T) {
	s := Stack{Cluster: "acme-airflow-dev-cluster", Prefix: "acme-airflow-dev"}
	resource := func(name, cluster, more string) string {
		return `{"type": "aws:ecs/service:Service", "outputs": {"name": "` + name + `", "cluster": "arn:x:cluster/` + cluster + `", "taskDefinition": "arn:x:task-definition/` + name + `:3"}` + more + `}`
	}
	services, err := s.services([]byte(`{"deployment": {"resources": [` + strings.Join([]string{
		`{"type": "pulumi:pulumi:Stack"}`,
		`{"type": "aws:x:X", "outputs": {"name": {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}}}`,
		resource("acme-airflow-dev-worker", s.Cluster, ""),
		resource("acme-airflow-dev-workers-console", s.Cluster, ""),
		resource("acme-airflow-dev-api-server", s.Cluster, ""),
		resource("acme-airflow-dev-api-server", s.Cluster, `, "delete": true`),
		resource("another", "another", ""),
		resource("acme-airflow-dev-worker-heavy", s.Cluster, ""),
	}, ",") + `]}}`))
	require.NoError(t, err)
	assert.Equal(t, []Service{
		{Name: "acme-airflow-dev-api-server", Revision: "arn:x:task-definition/acme-airflow-dev-api-server:3"},
		{Name: "acme-airflow-dev-worker", Revision: "arn:x:task-definition/acme-airflow-dev-worker:3", Worker: true},
		{Name: "acme-airflow-dev-worker-heavy", Revision: "arn:x:task-definition/acme-airflow-dev-worker-heavy:3", Worker: true},
		{Name: "acme-airflow-dev-workers-console", Revision: "arn:x:task-definition/acme-airflow-dev-workers-console:3"},
	}, services)
	_, err = s.services([]byte(`{"deployment": null}`))
	require.ErrorIs(t, err, ErrNoServices)
	_, err = s.services([]byte(`error: no stack`))
	require.ErrorContains(t, err, "the stack's state: invalid character")
}
