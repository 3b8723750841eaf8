##@ Operations

IMAGES := web scheduler worker dag-processor triggerer agent
REGISTRY = $(shell scripts/setting $(STACK) accountId).dkr.ecr.$(shell scripts/setting $(STACK) region).amazonaws.com
PREFIX = $(shell scripts/setting $(STACK) org)-airflow-$(STACK)
PLATFORM = $(if $(filter ARM64,$(shell scripts/setting $(STACK) services.architecture)),linux/arm64,linux/amd64)
TAG ?= $(shell git rev-parse --short=12 HEAD)

.PHONY: images
images: ## build the container images with a Docker engine
	@scripts/images build "$(REGISTRY)/$(PREFIX)" "$(TAG)" "$(PLATFORM)" $(IMAGES)

.PHONY: images-push
images-push: ## build and push the images to ECR; their digests go to digests.txt (CLOUD=aws)
	@scripts/real-only images-push $(STACK)
	@scripts/images push "$(REGISTRY)/$(PREFIX)" "$(TAG)" "$(PLATFORM)" $(IMAGES) >digests.txt

.PHONY: digests
digests: ## write the digests in digests.txt into the stack's file
	@scripts/digests $(STACK) <digests.txt

.PHONY: images-here
images-here: ## copy the images that the stack's file names from dev's repositories to the stack's (CLOUD=aws)
	@scripts/real-only images-here $(STACK)
	@scripts/promote dev $(STACK)

.PHONY: repositories
repositories: $(READY) ## make only the image repositories of a new stack (CLOUD=aws)
	@scripts/real-only repositories $(STACK)
	@scripts/repositories $(STACK) $(ARGS)

.PHONY: bootstrap
bootstrap: tools policy $(if $(filter sim,$(CLOUD)),sim) ## the state bucket, its key and the role of GitHub (once per account)
	@scripts/bootstrap

.PHONY: drift
drift: $(READY) ## compare the stack with AWS: fails when somebody changed something by hand (CLOUD=aws)
	@scripts/real-only drift $(STACK)
	@scripts/drift $(STACK) $(ARGS)

.PHONY: dag-test
dag-test: ## import every DAG, with no warnings, and test the image's scripts
	@python3 e2e/check.py --dags

.PHONY: dag-sync
dag-sync: dag-test ## push dags/ to the stack's bucket, and wait until they are visible (CLOUD=aws)
	@scripts/real-only dag-sync $(STACK)
	@scripts/dag-sync $(STACK)

.PHONY: redeploy
redeploy: ## replace every task of the stack, one service after the other (CLOUD=aws)
	@scripts/real-only redeploy $(STACK)
	@scripts/redeploy $(STACK)

.PHONY: smoke
smoke: ## ask a deployed stack for health, login, version, a DAG run and its log (URL, SMOKE_USER, SMOKE_PASSWORD); with login.mode alb for the way to the IdP
	@mkdir -p bin && $(GO_BUILD) -o bin/smoke ./cmd/smoke
	@bin/smoke --url "$${URL:-https://$$(scripts/setting $(STACK) loadBalancer.hostname)/}" \
		--login "$$(scripts/setting $(STACK) login.mode)" --idp "$$(scripts/setting $(STACK) login.authorizationEndpoint)" $(ARGS)

.PHONY: roll-back
roll-back: $(READY) ## take the stack back to the deployment before this one, or to BACK_TO=deployed.txt (CLOUD=aws)
	@scripts/real-only roll-back $(STACK)
	@scripts/roll-back $(STACK) $(BACK_TO)

.PHONY: deployed
deployed: tools ## write into deployed.txt what the stack runs: commit and digests (CLOUD=aws)
	@scripts/real-only deployed $(STACK)
	@scripts/deployed $(STACK) >deployed.txt && cat deployed.txt

.PHONY: plan-comment
plan-comment: $(READY) ## the plan as a comment on PULL_REQUEST (CLOUD=aws, GH_TOKEN)
	@scripts/real-only plan-comment $(STACK)
	@scripts/plan-comment $(STACK)

.PHONY: access-analyzer
access-analyzer: $(READY) ## ask IAM Access Analyzer about every policy document of the plan (CLOUD=aws)
	@scripts/real-only access-analyzer $(STACK)
	@scripts/access-analyzer $(STACK)

.PHONY: lint-fast
lint-fast: ## the checks of a commit: formatting, scripts, workflows, no NAT gateway
	@scripts/lint-fast

.PHONY: sbom
sbom: ## list everything the project is built from in bin/sbom.json (CycloneDX)
	@mkdir -p bin && scripts/sbom >bin/sbom.json

.PHONY: licences
licences: ## write docs/licences.md: the licence of each direct dependency
	@scripts/licences
