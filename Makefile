# All tasks of this repository. `make` lists them.

CONFIGURATION ?= Release
PORT ?= 8080
export PORT CONFIGURATION

DOTNET = DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 dotnet

.DEFAULT_GOAL := help
.PHONY: help run demo demo-clean compare test test-engines test-swarm fuzz-dockerfiles compare-buildx check build openapi openapi-baseline clients bench soak engine engine-stop clean
# All targets build the same tree and use the same engine.
.NOTPARALLEL:

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS='	' read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

run: ## find or start an engine, then run the service on http://127.0.0.1:8080 (PORT=… for another port)
	@scripts/run

demo: ## create sample containers and images through the API and show them; needs `make run`
	@scripts/demo

demo-clean: ## remove the containers and images of `make demo`
	@scripts/demo clean

compare: ## compare the nine fields of the demo's containers with docker-py
	@scripts/compare

test: ## find or start an engine, build, and run every test, including the engine tests
	@scripts/test

test-engines: ## run the engine tests on the engines of Debian's releases (SUITES="bookworm trixie forky containerd-forky podman-trixie"); takes a while
	@scripts/test-engines $(SUITES)

test-swarm: ## deploy deploy/stack.yml on a Swarm of two nodes on this machine, and kill, pause, cut off and update them; needs root
	@$(DOTNET) build tests/ContainerApi.EngineTests -c $(CONFIGURATION) -v quiet && \
	  $(DOTNET) test tests/ContainerApi.EngineTests -c $(CONFIGURATION) --no-build -v quiet --filter Category=Swarm

fuzz-dockerfiles: ## compare the Dockerfile check with the engine on FUZZ_DOCKERFILES (5000) generated Dockerfiles of FUZZ_SEED
	@DOCKER_HOST=$$(scripts/engine up) && export DOCKER_HOST && scripts/install-tools busybox-static && \
	  FUZZ_DOCKERFILES=$${FUZZ_DOCKERFILES:-5000} FUZZ_SEED=$${FUZZ_SEED:-$$(date +%s)} \
	  $(DOTNET) test tests/ContainerApi.EngineTests -c $(CONFIGURATION) -v quiet --filter FullyQualifiedName~DockerfileFuzzTests

compare-buildx: ## compare builds of directories and of FUZZ_DOCKERFILES (200) generated Dockerfiles with buildx, on the engine
	@DOCKER_HOST=$$(scripts/engine up) && BUILDX=$$(scripts/buildx) && export DOCKER_HOST BUILDX && scripts/install-tools busybox-static && \
	  $(DOTNET) test tests/ContainerApi.EngineTests -c $(CONFIGURATION) -v quiet --filter FullyQualifiedName~BuildxComparisonTests

check: ## check a change: locked packages, vulnerabilities, warnings, format, architecture rules
	$(DOTNET) restore ContainerApi.sln --locked-mode
	$(DOTNET) build ContainerApi.sln -c $(CONFIGURATION) --no-restore -warnaserror -v quiet
	$(DOTNET) format whitespace . --folder --verify-no-changes
	$(DOTNET) test tests/ContainerApi.Tests -c $(CONFIGURATION) --no-build -v quiet --filter FullyQualifiedName~ArchitectureTests
	@scripts/check-packages

build: ## build the solution
	$(DOTNET) build ContainerApi.sln -c $(CONFIGURATION) -v quiet

openapi: ## regenerate docs/openapi.json from the service
	UPDATE_OPENAPI=1 $(DOTNET) test tests/ContainerApi.Tests -c $(CONFIGURATION) -v quiet --filter FullyQualifiedName~OpenApiTests

openapi-baseline: ## take docs/openapi.json as the contract of a release, which later ones must not break
	UPDATE_OPENAPI_BASELINE=1 $(DOTNET) test tests/ContainerApi.Tests -c $(CONFIGURATION) -v quiet --filter FullyQualifiedName~BreakingChangesTests

clients: ## generate, compile and run clients from docs/openapi.json with Kiota, NSwag and openapi-typescript; lint it with Redocly
	@scripts/clients

bench: ## run the benchmarks on the engine
	@DOCKER_HOST=$$(scripts/engine up) && BUILDX=$$(scripts/buildx) && export DOCKER_HOST BUILDX && \
	  scripts/install-tools busybox-static curl procps python3-docker && \
	  $(DOTNET) run --project tests/ContainerApi.Benchmarks -c Release

soak: ## load the service for SOAK_MINUTES (30) while a private engine is stopped, killed, paused and restarted
	@command -v dockerd >/dev/null || scripts/install-tools docker.io
	@scripts/install-tools iptables iproute2 busybox-static procps
	$(DOTNET) run --project tests/ContainerApi.Soak -c Release $(if $(BUILT),--no-build)

engine: ## find an engine, or install and start a private one; prints its DOCKER_HOST
	@scripts/engine up

engine-stop: ## stop the private engine, never another one
	@scripts/engine down

clean: ## remove build and test output, the build history of `make run`, and the private engine with its data
	scripts/engine purge
	rm -rf artifacts .data src/*/bin src/*/obj tests/*/bin tests/*/obj
