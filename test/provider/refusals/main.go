// Command refusals makes mistakes in the resources of a state, one at a time,
// and shows each to two providers. What the real one refuses and the simulated
// one takes is what the simulation has yet to learn.
//
//	refusals -state state.json -real PLUGIN -simulated PLUGIN [-learn rules.json]
//
// The real plugin needs the environment that a run of Pulumi gives it. It is
// only asked to check and plan; nothing is made.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

func main() {
	state := flag.String("state", "", "exported `state` of a stack")
	realOne := flag.String("real", "", "the real `plugin`'s binary")
	simulated := flag.String("simulated", "", "the simulated `plugin`'s binary")
	learn := flag.String("learn", "", "`file` to add rules to, from what the provider says")
	flag.Parse()
	if err := run(*state, *realOne, *simulated, *learn); err != nil {
		fmt.Fprintln(os.Stderr, "refusals:", err)
		os.Exit(1)
	}
}

// settings let a provider check and plan without an account.
var settings = resource.PropertyMap{
	"region": resource.NewProperty("us-east-1"), "skipCredentialsValidation": resource.NewProperty("true"),
	"skipRequestingAccountId": resource.NewProperty("true"), "maxRetries": resource.NewProperty("1"),
}

// comparison is two providers and what was found.
type comparison struct {
	realBinary, simulatedBinary string
	truth                       *provider
	lessons                     lecture

	shown, both, gaps, stricter, crashes int
}

func run(state, realOne, simulated, learn string) (err error) {
	samples, err := read(state)
	if err != nil {
		return err
	}
	c := &comparison{realBinary: realOne, simulatedBinary: simulated, lessons: lecture{}}
	if c.truth, err = start(realOne, settings); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.truth.stop()) }()
	for _, token := range slices.Sorted(maps.Keys(samples)) {
		if err := c.compareType(token, samples[token]); err != nil {
			return fmt.Errorf("%s: %w", token, err)
		}
	}
	fmt.Printf("refusals: %d types, %d mistakes shown; both refuse %d; the simulation takes %d that the provider refuses, and refuses %d that it takes; the provider crashed over %d\n",
		len(samples), c.shown, c.both, c.gaps, c.stricter, c.crashes)
	if learn == "" {
		return nil
	}
	return c.lessons.write(learn)
}

// compareType shows the mistakes in a type's resources to both.
func (c *comparison) compareType(token string, samples []sample) error {
	for _, sample := range samples {
		why, err := c.truth.refusal(sample.urn, sample.inputs)
		if err != nil {
			return err
		}
		if why != "" {
			return fmt.Errorf("the provider refuses %s as it stands: %s", sample.urn, why)
		}
		if why, err = c.guess(sample.urn, sample.inputs); err != nil {
			return err
		}
		if why != "" {
			fmt.Printf("NOT COMPARED %s: the simulation refuses it by itself: %s\n", sample.urn, why)
			continue
		}
		for _, wrong := range mistakes(sample.inputs) {
			if err := c.show(token, sample.urn, wrong); err != nil {
				return err
			}
		}
	}
	return nil
}

// short keeps the report readable.
func short(text string) string {
	if len(text) > 160 {
		return text[:160] + "…"
	}
	return text
}

// guess asks a fresh simulation: it remembers what it has seen, and would
// refuse the second of two resources with one name.
func (c *comparison) guess(urn string, inputs resource.PropertyMap) (why string, err error) {
	p, err := start(c.simulatedBinary, settings)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	return p.refusal(urn, inputs)
}

// show shows a mistake to both, and prints where they differ.
func (c *comparison) show(token, urn string, wrong mistake) error {
	c.shown++
	real, err := c.truth.refusal(urn, wrong.inputs)
	if errors.Is(err, errGone) {
		c.crashes++
		fmt.Printf("CRASH %s %s\n", token, wrong)
		if err := c.truth.stop(); err != nil {
			return err
		}
		c.truth, err = start(c.realBinary, settings)
		return err
	}
	if err != nil {
		return err
	}
	simulated, err := c.guess(urn, wrong.inputs)
	if err != nil {
		return err
	}
	switch {
	case real != "" && simulated != "":
		c.both++
	case real != "":
		c.gaps++
		fmt.Printf("GAP %s %s | %s\n", token, wrong, short(real))
		if !c.lessons.add(token, wrong.property, real) {
			fmt.Printf("NOT LEARNED %s %s\n", token, wrong)
		}
	case simulated != "":
		c.stricter++
		fmt.Printf("STRICTER %s %s | %s\n", token, wrong, short(simulated))
	}
	return nil
}

// sample is a resource as a program declares it.
type sample struct {
	urn    string
	inputs resource.PropertyMap
}

// samplesPerType keeps a run short; resources of a type have much in common.
const samplesPerType = 2

// read returns resources of each AWS type, those with the most properties.
func read(path string) (map[string][]sample, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var exported apitype.UntypedDeployment
	if err := json.Unmarshal(data, &exported); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var deployment apitype.DeploymentV3
	if err := json.Unmarshal(exported.Deployment, &deployment); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	samples := map[string][]sample{}
	for _, res := range deployment.Resources {
		token := string(res.Type)
		if !res.Custom || len(token) < 4 || token[:4] != "aws:" {
			continue
		}
		inputs := resource.NewPropertyMapFromMap(plain(res.Inputs).(map[string]any))
		delete(inputs, "__defaults")
		samples[token] = append(samples[token], sample{string(res.URN), inputs})
	}
	for token, list := range samples {
		slices.SortStableFunc(list, func(a, b sample) int { return len(b.inputs) - len(a.inputs) })
		samples[token] = list[:min(samplesPerType, len(list))]
	}
	return samples, nil
}

// plain replaces encrypted values, which nobody needs to know here.
func plain(value any) any {
	switch v := value.(type) {
	case map[string]any:
		if _, secret := v[resource.SigKey]; secret {
			return "a-secret-of-32-characters-or-more"
		}
		out := map[string]any{}
		for key, inner := range v {
			out[key] = plain(inner)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, inner := range v {
			out[i] = plain(inner)
		}
		return out
	}
	return value
}
