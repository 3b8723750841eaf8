// Package recorder runs a Pulumi program without an engine and keeps what it
// declared, so that tests assert on the record instead of inside callbacks.
package recorder

import (
	"fmt"
	"sort"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Resource is one declared resource.
type Resource struct {
	Type   string
	Name   string
	Inputs resource.PropertyMap
	// DependsOn are the resources that it was told to wait for, each as type and
	// name with a space between: parts of a thing often have its name.
	DependsOn []string
	// IgnoreChanges are properties whose changes are somebody else's.
	IgnoreChanges []string
	// Aliases are the names that it had before.
	Aliases []string
	// Provider is the name of its explicit provider; empty means the default one.
	Provider string
	Protect  bool
	// Within are the types that it belongs to, from the outermost one.
	Within []string
}

// Record is everything that a program declared.
type Record struct {
	mutex     sync.Mutex
	resources []Resource
}

// Run runs program as stack of project "airflow".
func Run(stack string, program pulumi.RunFunc) (*Record, error) {
	r := &Record{}
	err := pulumi.RunErr(program, pulumi.WithMocks("airflow", stack, r))
	return r, err
}

// NewResource implements pulumi.MockResourceMonitor. Outputs are the inputs
// and the computed ones that other resources of this project refer to.
func (r *Record) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	recorded := Resource{Type: args.TypeToken, Name: args.Name, Inputs: args.Inputs}
	if args.RegisterRPC != nil {
		recorded.Protect = args.RegisterRPC.GetProtect()
		recorded.IgnoreChanges = args.RegisterRPC.GetIgnoreChanges()
		for _, alias := range args.RegisterRPC.GetAliases() {
			recorded.Aliases = append(recorded.Aliases, alias.GetSpec().GetName())
		}
		// urn:pulumi:<stack>::<project>::pulumi:providers:aws::<name>::<id>
		if parts := strings.Split(args.RegisterRPC.GetProvider(), "::"); len(parts) > 1 {
			recorded.Provider = parts[len(parts)-2]
		}
		// urn:pulumi:<stack>::<project>::<type>$<type>::<name>
		if parts := strings.Split(args.RegisterRPC.GetParent(), "::"); len(parts) > 2 {
			recorded.Within = strings.Split(parts[2], "$")
		}
		for _, urn := range args.RegisterRPC.GetDependencies() {
			awaited := resource.URN(urn)
			recorded.DependsOn = append(recorded.DependsOn, string(awaited.Type())+" "+awaited.Name())
		}
	}
	r.mutex.Lock()
	r.resources = append(r.resources, recorded)
	r.mutex.Unlock()

	id := args.Name + "-id"
	outputs := args.Inputs.Copy()
	for key, value := range map[resource.PropertyKey]string{
		"arn":                    "arn:aws:mock:::" + args.TypeToken + "/" + args.Name,
		"arnSuffix":              "mock/" + args.Name,
		"address":                args.Name + ".rds.mock",
		"primaryEndpointAddress": args.Name + ".cache.mock",
		"dnsName":                args.Name + ".elb.mock",
		"zoneId":                 "Z" + strings.ToUpper(args.Name),
		"prefixListId":           "pl-" + args.Name,
		"versionId":              "version-of-" + args.Name,
		"keyId":                  "key-" + args.Name,
		"result":                 "secret-" + args.Name,
		"base64":                 "a+b/" + args.Name,
		"imageUri":               "built/" + args.Name,
		"url":                    "registry/" + args.Name,
	} {
		if _, given := outputs[key]; !given {
			outputs[key] = resource.NewProperty(value)
		}
	}
	return id, outputs, nil
}

// Everywhere is a prefix list that holds the internet; others hold a private network.
const Everywhere = "pl-00000000"

// Call implements pulumi.MockResourceMonitor. The program asks for nothing but
// the endpoints that an existing VPC has, and for what is in prefix lists: any
// other preview needs no credentials.
func (r *Record) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	switch args.Token {
	case "aws:ec2/getVpcEndpoint:getVpcEndpoint":
		service := args.Args["serviceName"].StringValue()
		short := strings.ReplaceAll(service[strings.LastIndex(service, ".")+1:], ".", "-")
		return resource.NewPropertyMapFromMap(map[string]any{
			"id": "vpce-" + short, "prefixListId": "pl-" + short, "securityGroupIds": []any{"sg-of-" + short},
		}), nil
	case "aws:ec2/getManagedPrefixList:getManagedPrefixList":
		cidr := "172.20.3.0/24"
		if args.Args["id"].StringValue() == Everywhere {
			cidr = "0.0.0.0/0"
		}
		return resource.NewPropertyMapFromMap(map[string]any{"entries": []any{map[string]any{"cidr": cidr}}}), nil
	}
	return nil, fmt.Errorf("the program called %s; it must not ask the cloud anything", args.Token)
}

// All returns the resources in the order of type and name.
func (r *Record) All() []Resource {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	all := append([]Resource{}, r.resources...)
	sort.Slice(all, func(i, j int) bool {
		if all[i].Type != all[j].Type {
			return all[i].Type < all[j].Type
		}
		return all[i].Name < all[j].Name
	})
	return all
}

// Of returns the resources of one type.
func (r *Record) Of(token string) []Resource {
	var list []Resource
	for _, res := range r.All() {
		if res.Type == token {
			list = append(list, res)
		}
	}
	return list
}

// One returns the resource of that type and name.
func (r *Record) One(token, name string) (Resource, error) {
	for _, res := range r.Of(token) {
		if res.Name == name {
			return res, nil
		}
	}
	return Resource{}, fmt.Errorf("no %s called %q was declared", token, name)
}

// Plain returns the inputs as JSON-like values, with secrets opened.
func (res Resource) Plain() map[string]any {
	return plain(resource.NewProperty(res.Inputs)).(map[string]any)
}

func plain(v resource.PropertyValue) any {
	switch {
	case v.IsSecret():
		return plain(v.SecretValue().Element)
	case v.IsOutput():
		return plain(v.OutputValue().Element)
	case v.IsArray():
		list := []any{}
		for _, element := range v.ArrayValue() {
			list = append(list, plain(element))
		}
		return list
	case v.IsObject():
		object := map[string]any{}
		for key, element := range v.ObjectValue() {
			object[string(key)] = plain(element)
		}
		return object
	case v.IsResourceReference():
		return string(v.ResourceReferenceValue().URN)
	default:
		return v.V
	}
}
