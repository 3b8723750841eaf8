package aws

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Type describes one resource type: all that the simulation knows of it. The
// tables beside this file hold one for each type, by service. Required inputs,
// ForceNew, Defaults and what is unknown at preview are what version 5.100.0 of
// the Terraform provider, which pulumi-aws 6.83.2 wraps, plans.
//
// ID, ARN, Unique and the strings in Outputs are templates. In them {name}
// stands for an input or another output, and for these:
//
//	{account} {region} {partition} {dns}   of the provider; dns is amazonaws.com
//	{id} {arn}                             of the resource itself
//	{hex17} {num12} {alnum14} {ALNUM17}    that many characters, always the same for the resource
//	{uuid} {octet}                         likewise
//	{site12} {regionShort}                 the same for all of an account and region
//	{generation}                           1, and one more with each replacement
type Type struct {
	// ID is the resource's identifier.
	ID string
	// ARN is the output arn, without its leading "arn:{partition}:". Empty for
	// types that have none.
	ARN string
	// Name is the input by which AWS knows the resource. A program that leaves
	// it out gets one made of the resource's name, unless NameMax is 0.
	Name string
	// NameMax is the longest Name that AWS takes.
	NameMax int
	// Unique are keys, separated by blanks, of which the account and region may
	// hold one each. A key counts when all its inputs are known; those marked as
	// in {ttl?} may be missing.
	Unique string
	// Required are the inputs that must be given.
	Required string
	// ForceNew are the inputs whose change replaces the resource; a dotted path
	// leads into nested objects, and past lists.
	ForceNew string
	// JSON are the inputs that hold JSON documents: they must parse, and only
	// their meaning counts as a change.
	JSON string
	// Secret are outputs that are always secret.
	Secret string
	// Defaults are what inputs are when left out; known at preview.
	Defaults Props
	// Outputs are what AWS adds; unknown until the resource is made. An input of
	// the same name goes first.
	Outputs Props
	// Later are further inputs and outputs that AWS may fill in. They are unknown
	// until the resource is made, as policies see them; the simulation then has no
	// value for them.
	Later string
	// Rules look at single inputs.
	Rules Rules
	// Check looks at inputs together, and at other resources.
	Check func(*subject)
	// Replaces finds further inputs whose change replaces the resource.
	Replaces func(olds, news resource.PropertyMap) []string
	// Keep gives AWS's reason not to delete, empty when it would delete.
	Keep func(props resource.PropertyMap) string
	// Untagged types take no tags.
	Untagged bool
}

// Props are values by property: strings are templates; numbers, booleans,
// lists and maps may hold templates; a func(*maker) any computes the value.
type Props map[string]any

// Rules are what single inputs must fulfil.
type Rules map[string]Rule

// Rule gives the reason why a known value is wrong, or nothing.
type Rule func(resource.PropertyValue) string

// types is the whole table by type token.
var types = gather(
	network, gateways, securityGroups, keys, databases, caches, files, buckets, secrets,
	identity, images, containers, loadBalancing, names, resolver, scaling, logs, monitoring, messages, governance,
)

func gather(tables ...map[string]*Type) map[string]*Type {
	all := map[string]*Type{}
	for _, table := range tables {
		for token, t := range table {
			all[token] = t
		}
	}
	return all
}

// has tells whether a blank-separated list holds a word.
func has(list, word string) bool {
	for _, w := range strings.Fields(list) {
		if w == word {
			return true
		}
	}
	return false
}
