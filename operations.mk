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
images-push: ## build and push the images to ECR, and write their digests into the stack's file (CLOUD=aws)
	@scripts/real-only images-push $(STACK)
	@scripts/images push "$(REGISTRY)/$(PREFIX)" "$(TAG)" "$(PLATFORM)" $(IMAGES) | scripts/digests $(STACK)

.PHONY: promote
promote: ## copy the images that dev runs to prod's repositories, digests unchanged (CLOUD=aws)
	@scripts/real-only promote prod
	@scripts/promote dev prod

.PHONY: repositories
repositories: $(READY) ## make only the image repositories of a new stack (CLOUD=aws)
	@scripts/real-only repositories $(STACK)
	@$(PULUMI) up $(PACK) --target '**awsx:ecr/**' --target '**awsx:ecr:Repository**' --target-dependents $(ARGS)

.PHONY: bootstrap
bootstrap: tools policy $(if $(filter sim,$(CLOUD)),sim) ## the state bucket, its key and the role of GitHub (once per account)
	@scripts/bootstrap

.PHONY: drift
drift: $(READY) ## compare the stack with AWS: fails when somebody changed something by hand (CLOUD=aws)
	@scripts/real-only drift $(STACK)
	@$(PULUMI) preview --refresh --expect-no-changes --non-interactive $(PACK) $(ARGS)

.PHONY: dag-test
dag-test: ## import every DAG, with no warnings
	@dags/test

.PHONY: dag-sync
dag-sync: dag-test ## push dags/ to the stack's bucket, and wait until they are visible (CLOUD=aws)
	@scripts/real-only dag-sync $(STACK)
	@scripts/dag-sync $(STACK)

.PHONY: redeploy
redeploy: ## replace every task of the stack, one service after the other (CLOUD=aws)
	@scripts/real-only redeploy $(STACK)
	@scripts/redeploy $(STACK)

.PHONY: smoke
smoke: ## ask a deployed stack for health, login, version, a DAG run and its log (URL, SMOKE_USER, SMOKE_PASSWORD)
	@mkdir -p bin && $(GO_BUILD) -o bin/smoke ./cmd/smoke
	@bin/smoke --url "$${URL:-https://$$(scripts/setting $(STACK) loadBalancer.hostname)/}" $(ARGS)
