package doctor

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas/types"

	"github.com/pathwai/airflow-on-fargate/config"
)

// demand is what the stack's tasks take of one Fargate quota, in vCPU.
type demand struct {
	// Floor is at rest; Step is with the largest task twice, the least with which
	// a deployment moves; Rolling is with every task twice; Peak is at most.
	Floor, Step, Rolling, Peak float64
}

// fargate is a kind of ECS service: count to most tasks of a size.
type fargate struct {
	cpu, count, most int
	config.Capacity
}

func tasks(c *config.Config) []fargate {
	s := c.Services
	list := []fargate{
		{s.APIServer.CPU, s.APIServer.Count, s.APIServer.MaxCount, s.APIServer.Capacity},
		{s.Scheduler.CPU, s.Scheduler.Count, s.Scheduler.Count, s.Scheduler.Capacity},
		{s.DAGProcessor.CPU, s.DAGProcessor.Count, s.DAGProcessor.Count, s.DAGProcessor.Capacity},
		{s.Triggerer.CPU, s.Triggerer.Count, s.Triggerer.Count, s.Triggerer.Capacity},
		{s.DAGSync.CPU, 1, 1, s.DAGSync.Capacity},
	}
	for _, pool := range c.WorkerPools {
		list = append(list, fargate{pool.CPU, pool.Min, pool.Max, pool.Capacity})
	}
	return list
}

// split is how many of n tasks run on demand and on Spot. ECS rounds by its
// own rules: each share is rounded up.
func (f fargate) split(n int) (onDemand, spot int) {
	base := min(n, f.OnDemandBase)
	rest := float64(n - base)
	return base + int(math.Ceil(rest*float64(100-f.SpotPercent)/100)), int(math.Ceil(rest * float64(f.SpotPercent) / 100))
}

// demands are the stack's, on demand and on Spot.
func demands(c *config.Config) (onDemand, spot demand) {
	largest := [2]float64{}
	for _, f := range tasks(c) {
		vcpu := float64(f.cpu) / 1024
		for i, d := range []*demand{&onDemand, &spot} {
			of := func(n int) float64 {
				on, sp := f.split(n)
				return vcpu * float64([2]int{on, sp}[i])
			}
			d.Floor += of(f.count)
			d.Rolling += of(2 * f.count)
			d.Peak += of(f.most)
			if of(f.count) > 0 {
				largest[i] = max(largest[i], vcpu)
			}
		}
	}
	onDemand.Step, spot.Step = onDemand.Floor+largest[0], spot.Floor+largest[1]
	return onDemand, spot
}

func (d *Doctor) quotas(ctx context.Context) ([]Finding, error) {
	onDemand, spot := demands(d.Config)
	var found []Finding
	for _, kind := range []struct {
		of, code string
		demand
	}{{"vCPU on demand", "L-3032A538", onDemand}, {"vCPU on Spot", "L-36FBB829", spot}} {
		quota, err := d.quota(ctx, kind.code)
		if err != nil {
			return found, fmt.Errorf("%s (%s): %w", kind.of, kind.code, err)
		}
		f := kind.against(quota)
		f.Of = kind.of
		if f.Level != Green {
			f.Cure = fmt.Sprintf("aws service-quotas request-service-quota-increase --region %s --service-code fargate --quota-code %s --desired-value %s",
				d.Region, kind.code, number(math.Ceil(max(kind.Rolling, kind.Peak))))
		}
		found = append(found, f)
	}
	return found, nil
}

// quota is the account's own, or AWS's default where it has none.
func (d *Doctor) quota(ctx context.Context, code string) (float64, error) {
	client := servicequotas.NewFromConfig(d.AWS)
	own, err := client.GetServiceQuota(ctx, &servicequotas.GetServiceQuotaInput{ServiceCode: aws.String("fargate"), QuotaCode: &code})
	if err == nil && own.Quota != nil && own.Quota.Value != nil {
		return *own.Quota.Value, nil
	}
	if err != nil && !errors.As(err, new(*types.NoSuchResourceException)) {
		return 0, err
	}
	general, err := client.GetAWSDefaultServiceQuota(ctx, &servicequotas.GetAWSDefaultServiceQuotaInput{ServiceCode: aws.String("fargate"), QuotaCode: &code})
	if err != nil {
		return 0, err
	}
	if general.Quota == nil || general.Quota.Value == nil {
		return 0, errors.New("AWS tells no value")
	}
	return *general.Quota.Value, nil
}

func (n demand) against(quota float64) Finding {
	f := green("", "the quota is %s; the stack takes %s at rest, %s while all tasks are replaced, %s at most",
		number(quota), number(n.Floor), number(n.Rolling), number(n.Peak))
	f.Means = "what else runs in the region counts, too"
	switch {
	case quota < n.Floor:
		f.Level, f.Means = Red, "some tasks are never placed, and the services that wait for them are rolled back"
	case quota < n.Step:
		f.Level, f.Means = Red, "a deployment can't move: ECS starts a new task before it stops an old one, and the largest finds no room"
	case quota < n.Rolling:
		f.Level, f.Means = Warning, "a deployment of all services goes step by step, and ECS may take some back"
	case quota < n.Peak:
		f.Level, f.Means = Warning, "workers stop being added before their pools' max; tasks wait"
	}
	return f
}

func number(value float64) string { return strconv.FormatFloat(value, 'f', -1, 64) }
