package config

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// A prefix list is as narrow as what is in it; all that aren't are told at once,
// and each is asked for once.
func TestPrefixListsAreNarrow(t *testing.T) {
	to := func(places ...string) (list []Egress) {
		for _, place := range places {
			list = append(list, Egress{To: place, Ports: []int{443}, Why: "partners"})
		}
		return list
	}
	c := &Config{Network: Network{CIDR: "10.40.0.0/16"}, WorkerPools: []WorkerPool{{Name: "default"}}}
	c.WorkerPools[0].Egress = to("172.20.1.0/24", "pl-narrow", "pl-wide")
	c.Services.Triggerer.Egress = to("pl-own", "sg-1")
	c.Services.DAGSync.Egress = to("pl-wide")
	c.Airflow.OpenTelemetry = OpenTelemetry{Endpoint: "http://otel.example.com:4318", To: "pl-public"}
	lists := map[string][]string{
		"pl-narrow": {"172.20.0.0/16", "100.64.1.7/32"}, "pl-wide": {"172.20.0.0/16", "0.0.0.0/0", "::/0"}, "pl-own": {"10.40.1.0/24"}, "pl-public": {"203.0.113.0/24", "10.0.0.0/8"},
	}
	asked := map[string]int{}
	err := c.CheckPrefixLists(func(id string) (PrefixList, error) { asked[id]++; return PrefixList{Networks: lists[id]}, nil })
	const rule = "a prefix list of private networks (RFC 1918 or 6598) outside the VPC, each from /16 to /32; this one has "
	require.EqualError(t, err, `the configuration has 4 faults; nothing was planned:
  airflow:services.dagsync.egress[0].to is "pl-wide": `+rule+`0.0.0.0/0, ::/0
  airflow:services.triggerer.egress[0].to is "pl-own": `+rule+`10.40.1.0/24
  airflow:workerPools[0].egress[2].to is "pl-wide": `+rule+`0.0.0.0/0, ::/0
  airflow:airflow.openTelemetry.to is "pl-public": `+rule+`203.0.113.0/24, 10.0.0.0/8`)
	require.Equal(t, map[string]int{"pl-narrow": 1, "pl-wide": 1, "pl-own": 1, "pl-public": 1}, asked)

	c.Services, c.Airflow.OpenTelemetry = Services{}, OpenTelemetry{}
	c.WorkerPools[0].Egress = to("pl-narrow")
	sized := func(size int) func(string) (PrefixList, error) {
		return func(id string) (PrefixList, error) { return PrefixList{lists[id], size}, nil }
	}
	require.NoError(t, c.CheckPrefixLists(sized(55))) // five are the platform's
	require.EqualError(t, c.CheckPrefixLists(sized(56)), "the configuration has 1 fault; nothing was planned:\n  "+tooManyRules("workerPools[0]", "worker", 61, "outbound"))
	require.EqualError(t, c.CheckPrefixLists(func(string) (PrefixList, error) { return PrefixList{}, errors.New("no such list") }),
		"airflow:workerPools[0].egress[0].to: prefix list pl-narrow: no such list")
}
