package cost

import (
	"fmt"
	"strings"

	"github.com/pathwai/airflow-on-fargate/internal/plan"
)

// freeIOPS come with gp3 storage below 400 GB.
const freeIOPS = 3000

// database prices an RDS instance with its storage.
func (e *estimate) database(r *plan.Resource) []Line {
	class := r.Text("instanceClass")
	hourly, ok := e.find("rds." + class)
	if !ok {
		e.unpriced(r, fmt.Sprintf("prices.yaml has no instance class %q", class))
		return nil
	}
	if engine := r.Text("engine"); engine != "postgres" {
		e.unpriced(r, fmt.Sprintf("prices.yaml has no engine %q", engine))
		return nil
	}
	copies, label := 1.0, "one zone"
	if r.True("multiAz") {
		copies, label = e.price("rds.standby"), "with a standby"
	}
	on, schedule := e.hours.database, ""
	if on < 1 {
		schedule = fmt.Sprintf(", %.0f %% of the month", on*100)
	}
	if r.NumberOr("performanceInsightsRetentionPeriod", 7) > 7 {
		e.unpriced(r, "Performance Insights beyond 7 days is billed by vCPU; prices.yaml has no price for it")
	}
	lines := []Line{{What: class + ", " + label + schedule, Range: exactly(hourly * e.HoursPerMonth * copies * on)}}
	lines = append(lines, e.databaseStorage(r, copies)...)
	if strings.HasPrefix(class, "db.t") {
		lines = append(lines, Line{
			What: "CPU above a T class's credits", ByUse: true,
			Range: e.assume("surplusVCPUHours").Times(e.price("rds.surplus") * copies),
		})
	}
	return lines
}

func (e *estimate) databaseStorage(r *plan.Resource, copies float64) []Line {
	size, ok := r.Number("allocatedStorage")
	if kind := r.Text("storageType"); !ok || kind != "gp3" {
		e.unpriced(r, fmt.Sprintf("prices.yaml has no storage of type %q", kind))
		return nil
	}
	lines := []Line{
		{What: fmt.Sprintf("%g GB of gp3", size), Range: exactly(size * e.price("rds.gp3") * copies)},
		{What: "backups above the free size", Range: e.assume("databaseBackupGB").Times(e.price("rds.backup")), ByUse: true},
	}
	if iops := r.NumberOr("iops", 0) - freeIOPS; iops > 0 {
		lines = append(lines, Line{What: fmt.Sprintf("%g IOPS above %d", iops, freeIOPS), Range: exactly(iops * e.price("rds.gp3.iops") * copies)})
	}
	if limit := r.NumberOr("maxAllocatedStorage", 0); limit > size {
		e.ceiling += (limit - size) * e.price("rds.gp3") * copies
	}
	return lines
}

// broker prices a replication group.
func (e *estimate) broker(r *plan.Resource) []Line {
	kind := r.Text("nodeType")
	hourly, ok := e.find("cache." + kind)
	if !ok {
		e.unpriced(r, fmt.Sprintf("prices.yaml has no node type %q", kind))
		return nil
	}
	if r.Text("engine") == "valkey" {
		hourly *= e.price("cache.valkey")
	}
	nodes := r.NumberOr("numCacheClusters", 1)
	lines := []Line{{
		What:  fmt.Sprintf("%g × %s, %s", nodes, kind, r.Text("engine")),
		Range: exactly(nodes * hourly * e.HoursPerMonth),
	}}
	if r.NumberOr("snapshotRetentionLimit", 0) > 1 {
		lines = append(lines, Line{What: "snapshots", Range: e.assume("brokerSnapshotGB").Times(e.price("cache.snapshot")), ByUse: true})
	}
	return lines
}

// files prices a file system with its backups.
func (e *estimate) files(r *plan.Resource) []Line {
	class, label := "efs.regional", "Regional"
	if r.Shown("availabilityZoneName") {
		class, label = "efs.onezone", "One Zone"
	}
	size := e.assume("filesGB")
	lines := []Line{{What: label + " storage", Range: size.Times(e.price(class)), ByUse: true}}
	switch mode := r.Text("throughputMode"); mode {
	case "elastic":
		lines = append(lines,
			Line{What: "elastic throughput, read", Range: e.assume("filesReadGB").Times(e.price("efs.read")), ByUse: true},
			Line{What: "elastic throughput, written", Range: e.assume("filesWriteGB").Times(e.price("efs.write")), ByUse: true})
	case "", "bursting":
	default:
		e.unpriced(r, fmt.Sprintf("prices.yaml has no throughput mode %q", mode))
	}
	for _, backup := range e.plan.Of("aws:efs/backupPolicy:BackupPolicy") {
		if e.plan.Ref(backup, "fileSystemId", r.Type) == r && backup.Text("backupPolicy.status") == "ENABLED" {
			lines = append(lines, Line{What: "daily backups", Range: size.Times(e.price("efs.backup")), ByUse: true})
		}
	}
	return lines
}

// bucket prices a bucket's storage and requests.
func (e *estimate) bucket(*plan.Resource) []Line {
	return []Line{
		{What: "storage", Range: e.assume("bucketGB").Times(e.price("s3.storage")), ByUse: true},
		{What: "PUT requests", Range: e.assume("bucketWrites").Times(e.price("s3.write")), ByUse: true},
		{What: "GET requests", Range: e.assume("bucketReads").Times(e.price("s3.read")), ByUse: true},
	}
}

func (e *estimate) repository(*plan.Resource) []Line {
	return []Line{{What: "storage", Range: e.assume("imageGB").Times(e.price("ecr.storage")), ByUse: true}}
}

// key prices a KMS key: a rotated key costs a dollar more after each of its
// first two rotations.
func (e *estimate) key(r *plan.Resource) []Line {
	lines := []Line{{What: "key", Range: exactly(e.price("kms.key"))}}
	if r.True("enableKeyRotation") {
		lines = append(lines, Line{What: "its first two yearly rotations", Range: Range{0, 2 * e.price("kms.rotation")}, ByUse: true})
	}
	return lines
}

func (e *estimate) secret(*plan.Resource) []Line {
	return []Line{{What: "secret", Range: exactly(e.price("secret.month"))}}
}

// requests are those to KMS and Secrets Manager, which are billed by the account.
func (e *estimate) requests() Row {
	row := Row{Name: "requests", Service: "KMS and Secrets Manager"}
	if len(e.plan.Of("aws:kms/key:Key")) > 0 {
		row.Lines = append(row.Lines, Line{What: "KMS requests", Range: e.assume("kmsRequests").Times(e.price("kms.requests")), ByUse: true})
	}
	if len(e.plan.Of("aws:secretsmanager/secret:Secret")) > 0 {
		row.Lines = append(row.Lines, Line{What: "Secrets Manager requests", Range: e.assume("secretRequests").Times(e.price("secret.requests")), ByUse: true})
	}
	return row
}
