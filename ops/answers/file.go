package answers

import (
	"bytes"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/pathwai/airflow-on-fargate/config"
)

// full is a setting's key as the stack's file and faults have it.
func full(key string) string {
	if strings.Contains(key, ":") {
		return key
	}
	return "airflow:" + key
}

// foreign belongs to the example alone: its identity provider, its hosted zone.
// A new stack begins with Airflow's own users.
var foreign = []string{"login", "oidcClientSecret", "loadBalancer.zoneId"}

// strip keeps of the example's file what a new stack can begin with.
func (d *Draft) strip(like string) {
	file := d.document.Content[0]
	for i := 0; i+1 < len(file.Content); {
		if file.Content[i].Value != "config" {
			file.Content = slices.Delete(file.Content, i, i+2) // the example's keys of its secrets
			continue
		}
		i += 2
	}
	d.document.HeadComment = "yaml-language-server: $schema=config/settings.schema.json\nStack " + d.stack + ", begun by `make init` with what isn't a default in Pulumi." + like + ".yaml.\n" +
		"Every setting: docs/configuration.md."
	for _, node := range []*yaml.Node{file, file.Content[0]} {
		node.HeadComment = ""
	}
	for _, key := range foreign {
		d.remove(key)
	}
	for _, q := range Questions {
		d.clear(q)
	}
	if pools := d.at("workerPools"); pools != nil {
		for _, pool := range pools.Content {
			removeEntry(pool, "policyArns") // of the example's account
		}
	}
	for key, value := range map[string]string{
		"buckets.dagsPrefix": d.stack + "/", "buckets.pluginsPrefix": d.stack + "-plugins/", "buckets.logsPrefix": d.stack + "/",
	} {
		d.set(key, scalar(value))
	}
	d.set("images.digests", exampleDigests())
	d.comment("images.digests", "Examples, which no registry holds: `make up` refuses them. `make digests` writes\nthose of what was pushed here.")
}

// exampleDigests repeat one digit, by which `make up` knows them.
func exampleDigests() *yaml.Node {
	digests := &yaml.Node{Kind: yaml.MappingNode}
	for i, name := range config.ImageNames {
		digit := string("123456789abcdef"[i%15])
		digests.Content = append(digests.Content, scalar(name), scalar("sha256:"+strings.Repeat(digit, 64)))
	}
	return digests
}

// moveZones puts the stack's zones in place of the example's, by their order.
func (d *Draft) moveZones() {
	zones := d.at("network.zones").Content
	if len(zones) == 0 {
		return
	}
	moved := func(zone string) string {
		i := min(max(slices.Index(d.exampleZones, zone), 0), len(zones)-1)
		return zones[i].Value
	}
	if one := d.at("files.oneZone"); one != nil && one.Value != "" {
		one.Value = moved(one.Value)
	}
	if list := d.at("endpoints.zones"); list != nil {
		for _, zone := range list.Content {
			zone.Value = moved(zone.Value)
		}
		list.Content = slices.CompactFunc(list.Content, func(a, b *yaml.Node) bool { return a.Value == b.Value })
	}
}

// YAML is the text of the file.
func (d *Draft) YAML() ([]byte, error) {
	var text bytes.Buffer
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	if err := encoder.Encode(d.document); err != nil {
		return nil, err
	}
	return text.Bytes(), encoder.Close()
}

// Value is a setting's text in the draft, or empty.
func (d *Draft) Value(key string) string {
	if node := d.at(key); node != nil {
		return node.Value
	}
	return ""
}

func path(key string) []string {
	if strings.Contains(key, ":") {
		return []string{"config", key}
	}
	parts := strings.Split(key, ".")
	return append([]string{"config", full(parts[0])}, parts[1:]...)
}

func (d *Draft) at(key string) *yaml.Node {
	node := d.document.Content[0]
	for _, part := range path(key) {
		if _, node = entry(node, part); node == nil {
			return nil
		}
	}
	return node
}

// set makes what is missing on the way; a question's text goes above it.
func (d *Draft) set(key string, value *yaml.Node) {
	node := d.document.Content[0]
	parts := path(key)
	for i, part := range parts {
		if node.Kind != yaml.MappingNode {
			*node = yaml.Node{Kind: yaml.MappingNode} // config says what belongs here
		}
		node.Style = 0 // comments need lines of their own
		_, next := entry(node, part)
		if next == nil {
			next = &yaml.Node{Kind: yaml.MappingNode}
			node.Content = append(node.Content, scalar(part), next)
		}
		if node = next; i == len(parts)-1 {
			*node = *value
		}
	}
	if q := question(key); q != nil {
		d.comment(key, q.Text)
	}
}

func (d *Draft) comment(key, text string) {
	parts := path(key)
	holder := d.document.Content[0]
	for _, part := range parts[:len(parts)-1] {
		_, holder = entry(holder, part)
	}
	name, _ := entry(holder, parts[len(parts)-1])
	name.HeadComment = text
}

// clear empties what the example answers; its budget is a suggestion.
func (d *Draft) clear(q Question) {
	switch node := d.at(q.Key); {
	case node == nil || q.kind == number:
	case q.optional:
		d.remove(q.Key)
	case q.kind == list:
		*node = yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	default:
		*node = *scalar("")
	}
}

func (d *Draft) remove(key string) {
	parts := path(key)
	holder := d.document.Content[0]
	for _, part := range parts[:len(parts)-1] {
		if _, holder = entry(holder, part); holder == nil {
			return
		}
	}
	removeEntry(holder, parts[len(parts)-1])
}

func removeEntry(mapping *yaml.Node, name string) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == name {
			mapping.Content = slices.Delete(mapping.Content, i, i+2)
			return
		}
	}
}

// entry returns the nodes of a name and its value in a mapping, or none.
func entry(mapping *yaml.Node, name string) (key, value *yaml.Node) {
	if mapping.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == name {
			return mapping.Content[i], mapping.Content[i+1]
		}
	}
	return nil, nil
}

// scalar is a text; the encoder quotes it where YAML would read something else.
func scalar(text string) *yaml.Node {
	node := &yaml.Node{}
	node.SetString(text)
	return node
}

func copied(node *yaml.Node) *yaml.Node {
	if node == nil {
		return nil
	}
	twin := *node
	twin.Content = nil
	for _, child := range node.Content {
		twin.Content = append(twin.Content, copied(child))
	}
	return &twin
}
