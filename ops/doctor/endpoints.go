package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pathwai/airflow-on-fargate/config"
)

// endpoint is one that the stack makes.
type endpoint struct {
	// service is the full name, com.amazonaws.<region>.<service>.
	service string
	kind    types.ServiceType
	// zones must have it; none, for a gateway.
	zones []string
	// privateDNS and policy say that it is made with them.
	privateDNS, policy bool
}

// wanted are all endpoints that the stack makes: not those that its VPC has.
func (d *Doctor) wanted() []endpoint {
	named := func(service string) string { return config.ServiceName(d.Region, service) }
	zones := d.EndpointZones()
	list := []endpoint{{service: named("s3"), kind: types.ServiceTypeGateway, policy: true}}
	for _, name := range d.InterfaceEndpoints() {
		list = append(list, endpoint{named(name), types.ServiceTypeInterface, zones, true, true})
	}
	for _, extra := range d.Endpoints.Extra {
		e := endpoint{service: named(extra.Service), kind: types.ServiceType(extra.Kind()), policy: extra.Policy != config.PolicyNone}
		if e.kind == types.ServiceTypeInterface {
			e.zones, e.privateDNS = orAll(extra.Zones, zones), extra.OwnName()
		}
		list = append(list, e)
	}
	for _, s := range d.Endpoints.Services {
		list = append(list, endpoint{s.Name, types.ServiceTypeInterface, orAll(s.Zones, zones), s.PrivateDNS, false})
	}
	return slices.DeleteFunc(list, func(e endpoint) bool {
		return slices.ContainsFunc(d.Endpoints.Existing, func(name string) bool { return e.service == named(name) })
	})
}

func orAll(zones, all []string) []string {
	if len(zones) > 0 {
		return zones
	}
	return all
}

func (d *Doctor) endpoints(ctx context.Context) ([]Finding, error) {
	wanted := d.wanted()
	filter := types.Filter{Name: aws.String("service-name")}
	for _, e := range wanted {
		filter.Values = append(filter.Values, e.service)
	}
	offered, err := d.offered(ctx, filter)
	if err != nil {
		return nil, err
	}
	var found []Finding
	for _, e := range wanted {
		if says := e.lacks(offered, d.Region); says != "" {
			found = append(found, Finding{
				Of: e.service, Level: Red, Says: says, Means: "up stops at this endpoint",
				Cure: "aws ec2 describe-vpc-endpoint-services --region " + d.Region + " --service-names " + e.service +
					" shows what it offers; then other zones in airflow:endpoints: {zones: [...]}, or without it in extra",
			})
		}
	}
	if len(found) < len(wanted) {
		found = append(found, green(fmt.Sprintf("%d of %d services", len(wanted)-len(found), len(wanted)), "are offered as the stack makes them"))
	}
	return found, nil
}

// offered are services by name; some have an interface and a gateway.
func (d *Doctor) offered(ctx context.Context, filter types.Filter) ([]types.ServiceDetail, error) {
	var all []types.ServiceDetail
	client := ec2.NewFromConfig(d.AWS)
	for ask := (&ec2.DescribeVpcEndpointServicesInput{Filters: []types.Filter{filter}}); ; {
		page, err := client.DescribeVpcEndpointServices(ctx, ask)
		if err != nil {
			return nil, err
		}
		all = append(all, page.ServiceDetails...)
		if aws.ToString(page.NextToken) == "" {
			return all, nil
		}
		ask.NextToken = page.NextToken
	}
}

// lacks is why the endpoint can't be made, or nothing.
func (e endpoint) lacks(offered []types.ServiceDetail, region string) string {
	offered = slices.DeleteFunc(slices.Clone(offered), func(s types.ServiceDetail) bool { return aws.ToString(s.ServiceName) != e.service })
	of := slices.IndexFunc(offered, func(s types.ServiceDetail) bool {
		return slices.ContainsFunc(s.ServiceType, func(t types.ServiceTypeDetail) bool { return t.ServiceType == e.kind })
	})
	switch {
	case len(offered) == 0:
		return "isn't offered in " + region
	case of < 0:
		return fmt.Sprintf("has no endpoints of type %s", e.kind)
	}
	missing := slices.DeleteFunc(slices.Clone(e.zones), func(zone string) bool { return slices.Contains(offered[of].AvailabilityZones, zone) })
	switch {
	case len(missing) > 0:
		return "isn't offered in " + strings.Join(missing, ", ")
	case e.privateDNS && aws.ToString(offered[of].PrivateDnsName) == "":
		return "has no private DNS name"
	case e.policy && !aws.ToBool(offered[of].VpcEndpointPolicySupported):
		return "takes no endpoint policy"
	}
	return ""
}
