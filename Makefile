# Apache Airflow on AWS ECS Fargate, without a NAT gateway.
# `make help` lists the targets. STACK and CLOUD choose where they act.

STACK ?= dev
CLOUD ?= sim
export CLOUD

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

GO_BUILD := go build -ldflags "-s -w"
PULUMI := scripts/pulumi "$(STACK)"
PACK := --policy-pack "$(CURDIR)/bin/policy-pack"
# What a run needs: nothing of the simulated cloud when the cloud is real.
READY := tools policy $(if $(filter sim,$(CLOUD)),sim)
PLAN = .cache/plan.$(STACK).json
PROFILE ?= full
RELEASE ?= HEAD
# The diff of two plans is against this commit's.
BASE ?= origin/main
# Of the images; by default all of them, under the stack's own names.
IMAGES =
REGISTRY =
PREFIX =
# These act on AWS alone: they say so before anything is built or done.
ON_AWS := doctor open up destroy repositories images-push images-here dag-sync stable redeploy upgrade deployed roll-back drift access-analyzer
ifneq ($(CLOUD),aws)
$(foreach target,$(filter $(ON_AWS),$(MAKECMDGOALS)),$(error make $(target) acts on AWS: say CLOUD=aws (without an account: make preview, make rehearse)))
endif

##@ Every day

.PHONY: help
help: ## list the targets
	@echo "make TARGET [STACK=$(subst $() ,|,$(patsubst Pulumi.%.yaml,%,$(wildcard Pulumi.*.yaml)))] [CLOUD=sim|aws]"
	@awk '/^##@/ {print "\n" substr($$0, 5)} /^[a-z0-9-]+:.*## / {split($$0, a, ":.*## "); printf "  %-16s %s\n", a[1], a[2]}' Makefile

.PHONY: init
init: ops ## ask for what a new stack must answer, and write its file: make init STACK=new (ARGS=--set …: without questions)
	@$(if $(filter file,$(origin STACK)),echo "make init: which stack? make init STACK=name" >&2; exit 2)
	@bin/ops init $(STACK) $(ARGS)

.PHONY: preview
preview: $(READY) ## plan the stack under the policy pack (CLOUD=sim needs no account)
	@$(PULUMI) preview $(PACK) --non-interactive $(ARGS)

.PHONY: test
test: $(READY) agent ## every test of every module
	@scripts/test

.PHONY: lint
lint: ## formatting, vet, golangci-lint, and the checks of images, locks and workflows
	@scripts/lint

.PHONY: lint-fast
lint-fast: ## the checks of a commit: formatting, scripts, workflows, no NAT gateway
	@scripts/lint-fast

.PHONY: dag-test
dag-test: ops ## import every DAG as the stack's Airflow does, with no warnings
	@python3 test/airflow/check.py --dags $(STACK)

.PHONY: dev
dev: $(READY) agent ## a local Airflow from the stack's task definitions, with dags/ live; Ctrl-C ends it
	@scripts/e2e $(STACK) --dev $(ARGS)

.PHONY: clean
clean: ## remove what was built and the simulated state
	@rm -rf bin .cache

##@ On AWS (CLOUD=aws)

.PHONY: bootstrap
bootstrap: $(READY) ## the state bucket, its key and the role of GitHub (once per account)
	@scripts/bootstrap

.PHONY: doctor
doctor: tools ops ## look at what a plan can't know: roles, quotas, zones, certificate, names, images, state (ARGS=--fix)
	@bin/ops doctor $(STACK) $(ARGS)

.PHONY: up
up: $(READY) ops ## create or change the stack on AWS, policies enforced
	@bin/ops digests $(STACK) --check
	@bin/ops images keep $(STACK)
	@$(PULUMI) up --message "commit $$(git rev-parse HEAD)" $(PACK) $(ARGS)
	@bin/ops open $(STACK) --how

.PHONY: destroy
destroy: $(READY) ## delete the stack from AWS
	@$(PULUMI) destroy $(ARGS)

.PHONY: repositories
repositories: $(READY) ops ## make only the image repositories of a new stack
	@bin/ops repositories $(STACK) -- $(ARGS)

.PHONY: images
images: ops ## build the container images with a Docker engine (IMAGES="web worker", TAG, REGISTRY, PREFIX)
	@bin/ops images build $(STACK) $(IMAGES) $(if $(TAG),--tag "$(TAG)") $(if $(REGISTRY),--registry "$(REGISTRY)") $(if $(PREFIX),--prefix "$(PREFIX)")

.PHONY: images-push
images-push: ops ## build and push the images to ECR (IMAGES, TAG); their digests go to digests.txt
	@said=$$(bin/ops images push $(STACK) $(IMAGES) $(if $(TAG),--tag "$(TAG)")) && echo "$$said" >digests.txt

.PHONY: digests
digests: ops ## write the digests in digests.txt into the stack's file
	@bin/ops digests $(STACK) digests.txt

.PHONY: images-here
images-here: ops ## copy the images that the stack's file names from dev's repositories to the stack's
	@bin/ops promote dev $(STACK)

.PHONY: dag-sync
dag-sync: dag-test ## push dags/ to the stack's bucket, and wait until they are visible
	@bin/ops push $(STACK) $(ARGS)

.PHONY: stable
stable: tools ops ## wait until every service runs what `make up` asked for; red when ECS rolled one back
	@bin/ops stable $(STACK) $(ARGS)

.PHONY: redeploy
redeploy: tools ops ## replace every task of the stack, the scheduler first, and wait until they are stable
	@bin/ops redeploy $(STACK) $(ARGS)

.PHONY: smoke
smoke: ops ## ask a deployed stack for health, login, version, a DAG run and its log (URL, SMOKE_USER, SMOKE_PASSWORD); with login.mode alb for the way to the IdP
	@bin/ops smoke $(STACK) $(if $(URL),--url "$(URL)") $(ARGS)

.PHONY: open
open: ops ## lead to the web page over Session Manager, without a joined network (ARGS="--port 9443")
	@bin/ops open $(STACK) $(ARGS)

.PHONY: upgrade
upgrade: $(READY) ops ## go to the line of Airflow in the stack's file: checks, snapshot, up, smoke test (ARGS="--to 3.3")
	@bin/ops upgrade $(STACK) $(ARGS)

.PHONY: deployed
deployed: tools ops ## write into deployed.txt what the stack runs: commit and digests
	@said=$$(bin/ops deployed $(STACK) $(ARGS)) && tee deployed.txt <<<"$$said"

.PHONY: roll-back
roll-back: $(READY) ops ## take the stack back to the deployment before this one, or to BACK_TO=deployed.txt
	@bin/ops roll-back $(STACK) $(if $(BACK_TO),--to $(BACK_TO)) $(ARGS)

.PHONY: drift
drift: $(READY) ops ## compare the stack with AWS: fails when somebody changed something by hand
	@bin/ops drift $(STACK) -- $(ARGS)

.PHONY: access-analyzer
access-analyzer: $(READY) ops ## ask IAM Access Analyzer about every policy document of the plan
	@bin/ops access-analyzer $(STACK) $(ARGS)

##@ Proof

.PHONY: rehearse
rehearse: $(READY) ## up, a preview without changes, outputs, destroy, on the simulated cloud
	@scripts/rehearse $(STACK)

.PHONY: e2e
e2e: $(READY) agent ## Airflow from the stack's task definitions, on real PostgreSQL and Redis (PROFILE=short|full, ARGS)
	@scripts/e2e $(STACK) --profile $(PROFILE) $(ARGS)

.PHONY: e2e-upgrade
e2e-upgrade: $(READY) agent ## from Airflow 3.1 to 3.3 with data while it is used, and back by a snapshot
	@scripts/e2e $(STACK) --upgrade $(ARGS)

.PHONY: e2e-rotation
e2e-rotation: $(READY) agent ## all secrets rotated while Airflow is used (AIRFLOW, ARGS)
	@scripts/e2e $(STACK) --rotation $(ARGS)

.PHONY: e2e-login
e2e-login: $(READY) agent ## people log in at an OpenID provider, by Airflow and by the load balancer (AIRFLOW, ARGS)
	@scripts/e2e $(STACK) --login $(ARGS)

.PHONY: e2e-drops
e2e-drops: $(READY) agent ## the same without a needed variable each time: it must fail, and name it
	@scripts/e2e-drops $(STACK)

.PHONY: e2e-aws
e2e-aws: $(READY) ## the stack's life before the real AWS provider, on an AWS-like API
	@python3 test/provider/run.py stack $(STACK) $(ARGS)

.PHONY: mutants
mutants: $(READY) ## the policy pack's rules, each refusing a mutant under the real CLI
	@scripts/mutants

.PHONY: scan
scan: $(READY) ## Checkov, parliament, hadolint and actionlint on what e2e-aws recorded
	@python3 test/provider/run.py scan $(ARGS)

.PHONY: roles
roles: $(READY) ## every role's permissions, each with its reason
	@python3 test/provider/run.py roles $(ARGS)

.PHONY: scaling-proof
scaling-proof: plan ## let the plan's scaling of workers work in a simulated AWS (ARGS=--runs 100)
	@go run ./tools/scalingproof $(ARGS) --plan $(PLAN) --stack $(STACK)

.PHONY: bench
bench: agent ## dagsync against a floor client and its peers, its latency, and its limits
	@scripts/bench

.PHONY: bench-preview
bench-preview: $(READY) ## the time of a warm preview against that of an empty program
	@scripts/bench-preview $(STACK)

.PHONY: soak
soak: agent ## dagsync's reliability tests in their long form: 1,000 kills, 500 releases under a reader (half an hour)
	@cd agent && go test ./dagsync -run 'Kill|Crash|Imports' -soak.kills 1000 -soak.publishes 500 -timeout 60m -count 1 -v
	@cd agent && go test ./dagsync/keys -run xx -fuzz FuzzSelect -fuzztime 60s
	@cd agent && go test ./dagsync/tree -run xx -fuzz FuzzManifest -fuzztime 60s
	@cd agent && go test ./celery -run xx -fuzz FuzzDecode -fuzztime 60s

##@ Reports

.PHONY: plan
plan: $(READY)
	@scripts/plan $(STACK) >$(PLAN)

.PHONY: plantool
plantool:
	@mkdir -p bin && $(GO_BUILD) -o bin/plantool ./tools/plantool

.PHONY: cost
cost: plan plantool ## monthly cost of the stack, from its plan (ARGS=--json)
	@bin/plantool cost $(ARGS) --plan $(PLAN)

.PHONY: cost-change
cost-change: plan plantool ## what this branch adds to the monthly cost, against BASE
	@scripts/base-plan $(BASE) $(STACK) >.cache/plan.base.json
	@bin/plantool cost --diff .cache/plan.base.json $(PLAN)

.PHONY: plan-comment
plan-comment: $(READY) ops ## what this branch changes against BASE, simulated, as a comment on PULL_REQUEST (GH_TOKEN)
	@bin/ops plan-comment $(STACK) --base $(BASE)

.PHONY: timeline
timeline: plan plantool ## how long a first deployment takes, and why
	@bin/plantool timeline --svg docs/img/timeline-$(STACK).svg --plan $(PLAN)

.PHONY: diagram
diagram: plan plantool ## draw the architecture from the plan into docs/img
	@bin/plantool diagram --svg docs/img/architecture-$(STACK).svg --plan $(PLAN)

.PHONY: sbom
sbom: ## list everything the project is built from in bin/sbom.json (CycloneDX)
	@mkdir -p bin && scripts/sbom

.PHONY: licences
licences: ## write docs/licences.md: the licence of each direct dependency
	@scripts/sbom --licences

##@ Maintainers

.PHONY: vulnerabilities
vulnerabilities: ## what is known against the Go modules and Python locks; says what it skips offline (ARGS=--strict fails then)
	@scripts/lint-tools govulncheck checks
	@go run ./tools/vulnerabilities $(ARGS)

.PHONY: golden
golden: $(READY) ## renew the inventories in platform/testdata/golden and other generated files
	@scripts/golden

.PHONY: release-state
release-state: tools ## keep the state that RELEASE makes, for the test that upgrades from it (RELEASE=v1.2.0)
	@scripts/release-state $(RELEASE)

.PHONY: tools
tools: ## the Pulumi CLI and Go language host: this machine's, or built from source once
	@scripts/tools

.PHONY: policy
policy: ## build bin/policy-pack
	@mkdir -p bin && cd policy && CGO_ENABLED=0 $(GO_BUILD) -o ../bin/policy-pack .

.PHONY: sim
sim: ## build the simulated cloud's providers into bin/sim
	@mkdir -p bin/sim && $(GO_BUILD) -o bin/sim ./internal/simcloud/cmd/...

.PHONY: agent
agent: ## build bin/airflow-agent
	@mkdir -p bin && cd agent && CGO_ENABLED=0 $(GO_BUILD) -o ../bin/airflow-agent .

.PHONY: ops
ops: ## build bin/ops, the operator's tool
	@mkdir -p bin && cd ops && $(GO_BUILD) -o ../bin/ops .
