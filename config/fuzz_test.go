package config

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzLoad: whatever stands in a setting, Load neither panics nor accepts what
// breaks a promise, and its faults are fit for a terminal.
func FuzzLoad(f *testing.F) {
	settings := handOver(f, "dev", stackFile(f, "dev")).Config
	for key, text := range settings {
		f.Add(strings.TrimPrefix(key, "airflow:"), text)
	}
	for _, value := range hostile {
		if len(value) > 1000 {
			continue // its minimization takes all the time
		}
		f.Add("org", value)
		f.Add("tags", `{"`+value+`": "`+value+`"}`)
		f.Add("network", `{"cidr": "`+value+`", "`+value+`": 1}`)
		f.Add(value, value)
	}
	for _, text := range []string{
		"", "null", "[]", "{}", "{", `""`, "0", "1e999", "-1", `{"a":{"b":{"c":[[[]]]}}}`, "[[[[[[[[", `{"cidr":null}`, "\xff",
	} {
		for _, key := range []string{"network", "workerPools", "airflow", "images", "services", "database", "alarms"} {
			f.Add(key, text)
		}
	}
	f.Add("workerPools", `[{"name":"default","queues":["default"],"concurrency":9223372036854775807,"cpu":1024,"memory":9223372036854775807,"min":-9223372036854775808,"max":9223372036854775807,"onDemandBase":0,"spotPercent":0}]`)
	f.Add("network", `{"cidr":"10.0.0.0/16","subnetPrefix":-1,"zones":[]}`)
	f.Add("database", `{"allocatedStorageGiB":9223372036854775807,"instanceClass":"db.r7g.16xlarge"}`)
	f.Add("network", `{"cidr":"10.255.255.0/24","subnetPrefix":25}`)

	known := defaults(f)
	f.Fuzz(func(t *testing.T, key, text string) {
		values := Values{Stack: "dev", Project: "airflow", Config: map[string]string{}}
		for full, value := range settings {
			values.Config[full] = value
		}
		values.Config["airflow:"+key] = text
		cfg, err := load(known, values)
		if err == nil {
			require.NotNil(t, cfg)
			checkInvariants(t, cfg)
			return
		}
		require.Nil(t, cfg)
		var faults *Error
		require.True(t, errors.As(err, &faults), "not an *Error: %v", err)
		require.NotEmpty(t, faults.Faults)
		for _, fault := range faults.Faults {
			checkTame(t, []string{fault.String()})
		}
	})
}
