package main

import (
	"fmt"

	"google.golang.org/protobuf/proto"
)

// frame is a message that nobody here reads.
type frame struct{ raw []byte }

// asItIs passes frames through, and knows Pulumi's own messages.
type asItIs struct{}

func (asItIs) Name() string { return "proto" }

func (asItIs) Marshal(v any) ([]byte, error) {
	switch v := v.(type) {
	case *frame:
		return v.raw, nil
	case proto.Message:
		return proto.Marshal(v)
	}
	return nil, fmt.Errorf("%T is no message", v)
}

func (asItIs) Unmarshal(raw []byte, v any) error {
	switch v := v.(type) {
	case *frame:
		v.raw = append([]byte{}, raw...)
		return nil
	case proto.Message:
		return proto.Unmarshal(raw, v)
	}
	return fmt.Errorf("%T is no message", v)
}
