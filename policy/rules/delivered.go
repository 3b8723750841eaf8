package rules

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pathwai/airflow-on-fargate/policy/translate"
)

// takers are the services whose resources take data in, by the names of them in ARNs.
var takers = []string{
	"sns", "sqs", "lambda", "kinesis", "firehose", "events", "logs", "states", "backup", "dynamodb", "kafka", "es", "aoss", "redshift", "redshift-serverless",
	"batch", "oam", "execute-api", "s3", "s3express", "s3-outposts", "datasync", "ecs", "codebuild", "codepipeline", "timestream", "cassandra", "elasticfilesystem", "glue", "mediastore", "elasticloadbalancing",
}

var (
	// notDelivered are paths to what data comes from, whom a policy names, and what
	// code is given to read.
	notDelivered = regexp.MustCompile(`(?:^|\.)source|Source|[lL]ayers?(?:$|\.|Arn)|[pP]rincipal|[pP]olicy|(?:^|\.)(?:environment|variables|tags|tagsAll|values?|description|labels|metadata|resources?|resourceArns?)(?:$|\.)`)
	// takingAccounts are paths to the account that takes what is delivered.
	takingAccounts = regexp.MustCompile(`(?:^|\.)(?:[dD]estinations?(?:\.\w+)*\.(?:account|accountId|bucketAccountId|registryId)|s3BucketDestination\.accountId|destinationAccount|bucketOwner|s3BucketOwner|` +
		`expectedBucketOwner|remoteDomainInfo\.ownerId|masterAccountId|administratorAccountId|adminAccountId|debugLogDeliveryAccounts|targetAccountIds|deliverCrossAccountRole)$`)
	// queueAddress is how some call a queue.
	queueAddress = regexp.MustCompile(`^https://(?:sqs\.[a-z0-9-]+|[a-z0-9-]+\.queue)\.amazonaws\.com(?:\.cn)?/(\d{12})/`)
	// passedRoles are given to a service, which takes roles of its own account alone.
	passedRoles = []string{"roleArn", "role", "iamRoleArn", "executionRoleArn", "taskRoleArn", "serviceRole", "serviceRoleArn"}
)

// aggregation is where an account is admitted to collect another's data.
const aggregation = "aws:cfg/aggregateAuthorization:AggregateAuthorization"

// delivery is something of an account that a resource delivers to.
type delivery struct {
	res                  *resource
	path, value, account string
}

// findDeliveries returns what the resources of a stack deliver to, where that
// says whose it is. It reads every text there is.
func (s *stack) findDeliveries() []delivery {
	var found []delivery
	for _, res := range s.resources {
		translated := strings.Contains(res.URN, inside)
		ofAWS := strings.HasPrefix(res.Type, "aws:") || foreign(res.Type) && translated
		if !ofAWS || strings.HasPrefix(res.Type, "aws:iam/") {
			continue
		}
		see := func(path string, v property.Value) {
			if res.Type == subscriptionType && path == "topicArn" {
				return
			}
			for _, value := range texts(v) {
				if account := taker(res.Type, path, value); account != "" && (!translated || account != translate.Account) {
					found = append(found, delivery{res, path, value, account})
				}
			}
		}
		walk(res.properties(), "", func(at place) { see(at.path, at.value) })
		embedded(*res, func(at place) { see(at.leaf(), at.value) })
	}
	return found
}

// taker returns the account of what a property delivers to, or "".
func taker(token, path, value string) string {
	if !isAccount(value) && strings.Count(value, ":") < 5 && !strings.HasPrefix(value, "https://") {
		return "" // neither an account, nor an ARN, nor a queue
	}
	if takingAccounts.MatchString(path) || token == aggregation && path == "accountId" {
		if account := cmp.Or(accountOf(value), value); isAccount(account) {
			return account
		}
		return ""
	}
	if !strings.HasPrefix(value, "arn:") && !strings.HasPrefix(value, "https://") || notDelivered.MatchString(path) {
		return ""
	}
	if queue := queueAddress.FindStringSubmatch(value); queue != nil {
		return queue[1]
	}
	parts := strings.SplitN(value, ":", 6)
	if len(parts) < 6 || !slices.Contains(takers, parts[2]) || !isAccount(parts[4]) || strings.HasPrefix(parts[5], "layer:") {
		return ""
	}
	return parts[4]
}

// knownAccounts are the stack's own: those of its providers, or else those of
// the roles that it gives to services.
func (s *stack) knownAccounts() []string {
	own := slices.DeleteFunc(s.ownAccounts(), func(account string) bool { return !isAccount(account) })
	for _, provider := range s.of(providerType) {
		for _, path := range []string{"assumeRole.roleArn", "assumeRoles.roleArn", "assumeRole", "assumeRoles"} {
			for _, arn := range rolesIn.FindAllStringSubmatch(knownText(provider.get(path)), -1) {
				own = append(own, arn[1])
			}
		}
	}
	if len(own) > 0 {
		return own
	}
	for _, res := range s.resources {
		if strings.Contains(res.URN, inside) {
			continue // a template's account is an example
		}
		for _, name := range passedRoles {
			if arn := rolesIn.FindStringSubmatch(knownText(res.properties().Get(name))); arn != nil && !slices.Contains(own, arn[1]) {
				own = append(own, arn[1])
			}
		}
	}
	return own
}

var rolesIn = regexp.MustCompile(`arn:aws[a-z-]*:iam::(\d{12}):role/`)

func deliveredToOthers(s *stack, r report) {
	all := s.deliveries()
	if len(all) == 0 {
		return
	}
	own := append(s.knownAccounts(), r.settings.TrustedAccounts...)
	slices.Sort(own)
	if own = slices.Compact(own); len(own) == 0 {
		return // what-leads-elsewhere lists them
	}
	for _, d := range all {
		if !slices.Contains(own, d.account) {
			r.at(d.res.URN).fault("%s is %s: account %s is neither the stack's own (%s) nor trusted.", d.path, d.value, d.account, strings.Join(own, ", "))
		}
	}
}

// deliversElsewhere lists what is delivered to people, and to accounts of which
// nothing says whose they are.
func (s *stack) deliversElsewhere(tell func(res *resource, format string, args ...any)) {
	for _, res := range s.of(subscriptionType) {
		if protocol := knownText(res.get("protocol")); slices.Contains([]string{"email", "email-json", "sms"}, protocol) {
			tell(res, "messages to people by %s: %s", protocol, knownText(res.get("endpoint")))
		}
	}
	if all := s.deliveries(); len(all) > 0 && len(s.knownAccounts()) == 0 {
		for _, d := range all {
			tell(d.res, "%s in account %s, and nothing says whether that is the stack's own (allowedAccountIds of the provider)", d.path, d.account)
		}
	}
}
