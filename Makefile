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
PULUMI := scripts/pulumi $(STACK)
PACK := --policy-pack $(CURDIR)/bin/policy-pack
SIMULATED := $(addprefix bin/sim/pulumi-resource-,aws awsx random)
# What a run needs: nothing of the simulated cloud when the cloud is real.
READY := tools policy $(if $(filter sim,$(CLOUD)),sim)

.PHONY: help
help: ## list the targets
	@echo "make TARGET [STACK=dev|prod] [CLOUD=sim|aws]"
	@grep -hE '^[a-z0-9-]+:.*## ' Makefile proofs.mk operations.mk | sort | awk -F':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

##@ The platform

.PHONY: preview
preview: $(READY) ## plan the stack under the policy pack (CLOUD=sim needs no account)
	@$(PULUMI) preview $(PACK) --non-interactive $(ARGS)

.PHONY: rehearse
rehearse: $(READY) ## up, a preview without changes, outputs, destroy, on the simulated cloud
	@scripts/rehearse $(STACK)

.PHONY: up
up: $(READY) ## create or change the stack on AWS (CLOUD=aws), policies enforced
	@scripts/real-only up $(STACK)
	@$(PULUMI) up --message "commit $$(git rev-parse HEAD)" $(PACK) $(ARGS)

.PHONY: destroy
destroy: $(READY) ## delete the stack from AWS (CLOUD=aws)
	@scripts/real-only destroy $(STACK)
	@$(PULUMI) destroy $(ARGS)

##@ What a run needs

.PHONY: tools
tools: ## the Pulumi CLI and Go language host: this machine's, or built from source once
	@scripts/tools

.PHONY: policy
policy: ## build bin/policy-pack
	@mkdir -p bin && cd policy && $(GO_BUILD) -o ../bin/policy-pack .

.PHONY: sim
sim: ## build the simulated cloud's providers into bin/sim
	@mkdir -p bin/sim && $(GO_BUILD) -o bin/sim ./internal/simcloud/cmd/...

.PHONY: agent
agent: ## build bin/airflow-agent
	@mkdir -p bin && cd cmd/airflow-agent && CGO_ENABLED=0 $(GO_BUILD) -o ../../bin/airflow-agent .

##@ Proof

.PHONY: test
test: $(READY) agent ## every test of every module
	@scripts/test

.PHONY: lint
lint: ## formatting, vet, golangci-lint, and the checks of images, locks and workflows
	@scripts/lint

.PHONY: golden
golden: $(READY) ## renew the inventories in testdata/golden and other generated files
	@scripts/golden

.PHONY: mutants
mutants: $(READY) ## the policy pack's rules, each refusing a mutant under the real CLI
	@scripts/mutants

.PHONY: bench-preview
bench-preview: $(READY) ## the time of a warm preview against that of an empty program
	@scripts/bench-preview $(STACK)

include proofs.mk operations.mk

.PHONY: clean
clean: ## remove what was built and the simulated state
	@rm -rf bin .cache
