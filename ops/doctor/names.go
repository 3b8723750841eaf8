package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	route53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// Ends of a certificate. ACM renews its own 60 days before the end, so one that
// comes this near to it isn't renewed.
const (
	certificateWarns = 45 * 24 * time.Hour
	certificateEnds  = 7 * 24 * time.Hour
)

func (d *Doctor) certificate(ctx context.Context) ([]Finding, error) {
	arn := d.LoadBalancer.CertificateARN
	f := Finding{Of: arn, Level: Red, Means: "up stops at the load balancer's listener", Cure: "aws acm list-certificates --certificate-statuses ISSUED --region " + d.Region + " lists those that would do; then airflow:loadBalancer: {certificateArn: ...}"}
	answer, err := acm.NewFromConfig(d.AWS).DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: aws.String(arn)})
	if errors.As(err, new(*acmtypes.ResourceNotFoundException)) {
		f.Says = "isn't there"
		return []Finding{f}, nil
	}
	if err != nil {
		return nil, err
	}
	c := answer.Certificate
	names := c.SubjectAlternativeNames
	if len(names) == 0 {
		names = []string{aws.ToString(c.DomainName)}
	}
	left := aws.ToTime(c.NotAfter).Sub(d.Now())
	end := aws.ToTime(c.NotAfter).Format(time.DateOnly)
	switch {
	case c.Status != acmtypes.CertificateStatusIssued:
		f.Says = fmt.Sprintf("is %s", c.Status)
		if c.Status == acmtypes.CertificateStatusPendingValidation {
			f.Cure = "put its CNAME into the domain's public zone: aws acm describe-certificate --region " + d.Region + " --certificate-arn " + arn + " --query 'Certificate.DomainValidationOptions[].ResourceRecord'"
		}
	case !slices.ContainsFunc(names, func(name string) bool { return covers(name, d.LoadBalancer.Hostname) }):
		f.Says = fmt.Sprintf("covers %s, and not %s", strings.Join(names, ", "), d.LoadBalancer.Hostname)
		f.Means = "browsers and tasks refuse the connection: no task can report"
	case c.Type == acmtypes.CertificateTypePrivate:
		f.Says, f.Means = "is of a private CA", "the tasks trust public ones alone: none can report"
	case left < certificateEnds:
		f.Says, f.Means = "ends on "+end, "from then on browsers and tasks refuse the connection: no task can report"
	case left < certificateWarns:
		f.Level, f.Says, f.Means = Warning, "ends on "+end, "ACM would have renewed it by now if it could; an imported one is renewed by nobody"
		f.Cure = "aws acm describe-certificate --region " + d.Region + " --certificate-arn " + arn + " --query Certificate.RenewalSummary; its CNAME must still be in the public zone"
	default:
		f = green(arn, "is issued for %s, until %s", strings.Join(names, ", "), end)
	}
	return []Finding{f}, nil
}

// covers says whether a certificate's name, whose star is one label, is for a host.
func covers(name, host string) bool {
	if rest, wild := strings.CutPrefix(name, "*."); wild {
		_, parent, _ := strings.Cut(host, ".")
		return strings.EqualFold(rest, parent)
	}
	return strings.EqualFold(name, host)
}

func (d *Doctor) hostedZone(ctx context.Context) ([]Finding, error) {
	id, host := d.LoadBalancer.ZoneID, d.LoadBalancer.Hostname
	if id == "" {
		return []Finding{green(host, "the stack makes a private zone of this name")}, nil
	}
	f := Finding{Of: id, Level: Red, Means: "up stops at the hostname's record, or nobody finds it", Cure: "aws route53 list-hosted-zones lists those there are; then airflow:loadBalancer: {zoneId: ...}, or none"}
	answer, err := route53.NewFromConfig(d.AWS).GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: aws.String(id)})
	if errors.As(err, new(*route53types.NoSuchHostedZone)) {
		f.Says = "isn't there"
		return []Finding{f}, nil
	}
	if err != nil {
		return nil, err
	}
	name := strings.TrimSuffix(aws.ToString(answer.HostedZone.Name), ".")
	private := answer.HostedZone.Config != nil && answer.HostedZone.Config.PrivateZone
	switch {
	case !private:
		f.Says = "is the public zone of " + name
	case host != name && !strings.HasSuffix(host, "."+name):
		f.Says = fmt.Sprintf("is the zone of %s, and %s isn't below it", name, host)
	case d.Network.Exists() && !slices.ContainsFunc(answer.VPCs, func(vpc route53types.VPC) bool { return aws.ToString(vpc.VPCId) == d.Network.VPCID }):
		f.Says, f.Means = "isn't associated with "+d.Network.VPCID, "tasks there don't find the load balancer: none can report"
		f.Cure = fmt.Sprintf("its owner: aws route53 associate-vpc-with-hosted-zone --hosted-zone-id %s --vpc VPCRegion=%s,VPCId=%s", id, d.Region, d.Network.VPCID)
	default:
		f = green(id, "is the private zone of %s", name)
	}
	return []Finding{f}, nil
}

// secrets finds those that are on their way out. Names end with the stack's
// life, so those of a stack that was destroyed are in nobody's way.
func (d *Doctor) secrets(ctx context.Context) ([]Finding, error) {
	pages := secretsmanager.NewListSecretsPaginator(secretsmanager.NewFromConfig(d.AWS), &secretsmanager.ListSecretsInput{
		IncludePlannedDeletion: aws.Bool(true),
		Filters:                []secrettypes.Filter{{Key: secrettypes.FilterNameStringTypeName, Values: []string{d.Prefix() + "/"}}},
	})
	var found []Finding
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return found, err
		}
		for _, secret := range page.SecretList {
			if secret.DeletedDate == nil {
				continue
			}
			name := aws.ToString(secret.Name)
			found = append(found, Finding{
				Of: name, Level: Warning, Says: "was deleted on " + secret.DeletedDate.Format(time.DateOnly) + " and can still come back",
				Means: "left by a stack that was destroyed it is in nobody's way; if this stack uses it, none of its tasks starts",
				Cure:  "aws secretsmanager restore-secret --region " + d.Region + " --secret-id " + name,
			})
		}
	}
	if len(found) == 0 {
		found = append(found, green(d.Prefix()+"/…", "no secret waits for its deletion"))
	}
	return found, nil
}

// lookup is how long a name may take.
const lookup = 5 * time.Second

func (d *Doctor) hostname(ctx context.Context) ([]Finding, error) {
	host := d.LoadBalancer.Hostname
	asking, cancel := context.WithTimeout(ctx, lookup)
	defer cancel()
	addresses, err := d.Resolve(asking, "ip4", host)
	inside, within := "the stack's "+d.Network.CIDR, netip.MustParsePrefix(d.Network.CIDR).Contains
	if d.Network.Exists() { // whose blocks the settings don't say
		inside, within = "private networks", netip.Addr.IsPrivate
	}
	var texts []string
	strange := false
	for _, address := range addresses {
		texts = append(texts, address.String())
		strange = strange || !within(address.Unmap())
	}
	open := "ops open " + d.Name + " forwards a port over Session Manager; or join the networks and give theirs the name"
	switch {
	case err != nil:
		return []Finding{{Of: host, Level: Warning, Says: "isn't known here: " + err.Error(), Means: "before the first up nobody knows it; after it this machine can't open the page by name, and ops smoke can't connect", Cure: open}}, nil
	case strange:
		return []Finding{{Of: host, Level: Warning, Says: fmt.Sprintf("leads to %s, outside of %s", strings.Join(texts, ", "), inside), Means: "from here it is something else's name", Cure: "see who answers for it: dig +trace " + host}}, nil
	}
	return []Finding{green(host, "leads to %s", strings.Join(texts, ", "))}, nil
}
