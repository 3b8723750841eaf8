##@ Rehearsals and reports

PLAN = .cache/plan.$(STACK).json
PROFILE ?= full
# The diff of two plans is against this commit's.
BASE ?= origin/main

.PHONY: plan
plan: $(READY)
	@scripts/plan $(STACK) >$(PLAN)

.PHONY: plantool
plantool:
	@mkdir -p bin && $(GO_BUILD) -o bin/plantool ./cmd/plantool

.PHONY: cost
cost: plan plantool ## monthly cost of the stack, from its plan (ARGS=--json)
	@bin/plantool cost $(ARGS) --plan $(PLAN)

.PHONY: cost-change
cost-change: plan plantool ## what this branch adds to the monthly cost, against BASE
	@scripts/base-plan $(BASE) $(STACK) >.cache/plan.base.json
	@bin/plantool cost --diff .cache/plan.base.json $(PLAN)

.PHONY: timeline
timeline: plan plantool ## how long a first deployment takes, and why
	@bin/plantool timeline --svg docs/img/timeline-$(STACK).svg --plan $(PLAN)

.PHONY: diagram
diagram: plan plantool ## draw the architecture from the plan into docs/img
	@bin/plantool diagram --svg docs/img/architecture-$(STACK).svg --plan $(PLAN)

.PHONY: dashboard
dashboard: $(READY) plantool ## draw the CloudWatch dashboard from its JSON into docs/img
	@scripts/state $(STACK) | bin/plantool dashboard --svg docs/img/dashboard-$(STACK).svg --plan -

.PHONY: scaling-proof
scaling-proof: plan ## let the plan's scaling of workers work in a simulated AWS (ARGS=--runs 100)
	@go run ./cmd/scalingproof $(ARGS) --plan $(PLAN) --stack $(STACK)

.PHONY: e2e
e2e: $(READY) agent ## Airflow from the stack's task definitions, on real PostgreSQL and Redis (PROFILE=short|full, ARGS)
	@scripts/e2e $(STACK) --profile $(PROFILE) $(ARGS)

.PHONY: e2e-drops
e2e-drops: $(READY) agent ## the same without a needed variable each time: it must fail, and name it
	@scripts/e2e-drops $(STACK)

.PHONY: dev
dev: $(READY) agent ## the same Airflow kept running, with dags/ live; Ctrl-C ends it
	@scripts/e2e $(STACK) --dev $(ARGS)

.PHONY: e2e-aws
e2e-aws: $(READY) ## the stack's life before the real AWS provider, on an AWS-like API
	@python3 e2e-aws/run.py stack $(STACK) $(ARGS)

.PHONY: scan
scan: $(READY) ## Checkov, parliament, hadolint and actionlint on what e2e-aws recorded
	@python3 e2e-aws/run.py scan $(ARGS)

.PHONY: roles
roles: $(READY) ## every role's permissions, each with its reason
	@python3 e2e-aws/run.py roles $(ARGS)

.PHONY: bench
bench: agent ## dagsync against a floor client and its peers, its latency, and its limits
	@scripts/bench

.PHONY: soak
soak: agent ## dagsync's reliability tests in their long form: 1,000 kills, 500 releases under a reader (half an hour)
	@cd cmd/airflow-agent && go test ./dagsync -run 'Kill|Crash|Imports|PutToVisible' -soak.kills 1000 -soak.publishes 500 \
		-soak.changes 200 -soak.interval 5s -timeout 60m -count 1 -v
	@cd cmd/airflow-agent && go test ./dagsync/keys -run xx -fuzz FuzzSelect -fuzztime 60s
	@cd cmd/airflow-agent && go test ./dagsync/bucket -run xx -fuzz FuzzPage -fuzztime 60s
	@cd cmd/airflow-agent && go test ./dagsync/tree -run xx -fuzz FuzzManifest -fuzztime 60s
	@cd cmd/airflow-agent && go test ./celery -run xx -fuzz FuzzDecode -fuzztime 60s
