package serve

import (
	"fmt"
	"runtime/debug"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/propertyrpc"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/pathwai/airflow-on-fargate/policy/rules"
)

// The numbers of the fields that are read: AnalyzeRequest and AnalyzerResource have
// them in common, but for the dependencies.
const (
	fieldType, fieldProperties, fieldURN, fieldName, fieldDependencies = 1, 2, 3, 4, 9
	fieldResources                                                     = 1 // of AnalyzeStackRequest
)

// decodeError carries a fault of decoding through the rules, which ask for
// properties as late as they can.
type decodeError struct{ error }

// encoded takes a request as it came: of a message without fields all are unknown.
func encoded(decode func(any) error) ([]byte, error) {
	var message emptypb.Empty
	if err := decode(&message); err != nil {
		return nil, err
	}
	return message.ProtoReflect().GetUnknown(), nil
}

// fields calls take for each field of a message that holds bytes.
func fields(message []byte, take func(field protowire.Number, value []byte) error) error {
	for len(message) > 0 {
		field, kind, length := protowire.ConsumeField(message)
		if length < 0 {
			return protowire.ParseError(length)
		}
		if kind == protowire.BytesType {
			_, _, tag := protowire.ConsumeTag(message)
			value, _ := protowire.ConsumeBytes(message[tag:length])
			if err := take(field, value); err != nil {
				return err
			}
		}
		message = message[length:]
	}
	return nil
}

// resource reads an AnalyzeRequest or AnalyzerResource, but for the properties, and
// what no rule asks for: options and provider.
func resource(message []byte) (rules.Resource, error) {
	res := rules.Resource{}
	var properties []byte
	err := fields(message, func(field protowire.Number, value []byte) error {
		switch field {
		case fieldType:
			res.Type = string(value)
		case fieldProperties:
			properties = value
		case fieldURN:
			res.URN = string(value)
		case fieldName:
			res.Name = string(value)
		case fieldDependencies:
			return dependencies(&res, value)
		}
		return nil
	})
	res.Properties = decoder(properties, res.URN)
	return res, err
}

// dependencies reads an entry of propertyDependencies.
func dependencies(res *rules.Resource, entry []byte) error {
	var property string
	var urns pulumirpc.AnalyzerPropertyDependencies
	err := fields(entry, func(field protowire.Number, value []byte) error {
		if field == 1 {
			property = string(value)
			return nil
		}
		return proto.Unmarshal(value, &urns)
	})
	if res.Dependencies == nil {
		res.Dependencies = map[string][]string{}
	}
	res.Dependencies[property] = urns.GetUrns()
	return err
}

// decoder returns the function by which a rule gets a resource's properties.
func decoder(encoded []byte, urn string) func() property.Map {
	return func() property.Map {
		var properties structpb.Struct
		if err := proto.Unmarshal(encoded, &properties); err != nil {
			panic(decodeError{fmt.Errorf("properties of %s: %w", urn, err)})
		}
		decoded, err := propertyrpc.Unmarshal(&properties)
		if err != nil {
			panic(decodeError{fmt.Errorf("properties of %s: %w", urn, err)})
		}
		return decoded
	}
}

// undecodable turns a decodeError, and a defect of a rule, into the call's error:
// a resource that can't be read must stop the update.
func undecodable(err *error) {
	switch fault := recover().(type) {
	case nil:
	case decodeError:
		*err = fault.error
	default:
		*err = fmt.Errorf("the policy pack fell over, which is a defect of its own: what it could not judge is not let through: %v\n%s", fault, debug.Stack())
	}
}
