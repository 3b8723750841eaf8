package awsx

import (
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// tree turns a component's inputs into those of a child, piece by piece: a key
// that is unknown at preview must not hide what stands beside it. The SDK's
// own conversion makes the whole property unknown; the real provider doesn't.
func tree(inputs *structpb.Struct) (pulumi.Map, error) {
	values, err := plugin.UnmarshalProperties(inputs, plugin.MarshalOptions{
		KeepUnknowns: true, KeepSecrets: true, KeepResources: true, KeepOutputValues: true,
	})
	if err != nil {
		return nil, err
	}
	return object(values), nil
}

func object(values resource.PropertyMap) pulumi.Map {
	children := pulumi.Map{}
	for key, value := range values {
		children[string(key)] = input(value)
	}
	return children
}

func input(value resource.PropertyValue) pulumi.Input {
	switch {
	case value.IsComputed():
		return pulumi.UnsafeUnknownOutput(nil)
	case value.IsOutput():
		output := value.OutputValue()
		inner := pulumi.Input(pulumi.UnsafeUnknownOutput(nil))
		if output.Known {
			inner = input(output.Element)
		}
		if output.Secret {
			return pulumi.ToSecret(inner)
		}
		return inner
	case value.IsSecret():
		return pulumi.ToSecret(input(value.SecretValue().Element))
	case value.IsArray():
		list := pulumi.Array{}
		for _, element := range value.ArrayValue() {
			list = append(list, input(element))
		}
		return list
	case value.IsObject():
		return object(value.ObjectValue())
	case value.IsString():
		return pulumi.String(value.StringValue())
	case value.IsNumber():
		return pulumi.Float64(value.NumberValue())
	case value.IsBool():
		return pulumi.Bool(value.BoolValue())
	default:
		return nil
	}
}
