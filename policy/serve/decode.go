package serve

import (
	"fmt"
	"runtime/debug"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/propertyrpc"
	"google.golang.org/protobuf/types/known/structpb"
)

// decodeError carries a fault of decoding through the rules, which ask for
// properties as late as they can.
type decodeError struct{ error }

// decoder returns the function by which a rule gets a resource's properties.
func decoder(properties *structpb.Struct, urn string) func() property.Map {
	return func() property.Map {
		decoded, err := propertyrpc.Unmarshal(properties)
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
