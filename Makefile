# Everything that is done with this repository. `make` alone lists it.

CONFIGURATION ?= Release
PORT ?= 8080
export PORT CONFIGURATION

DOTNET = DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 dotnet

.DEFAULT_GOAL := help
.PHONY: help run demo demo-clean compare test test-engines check build openapi bench soak engine engine-stop clean
# Targets build the same tree and use the same engine.
.NOTPARALLEL:

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS='	' read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

run: ## find or start an engine, then run the service on http://127.0.0.1:8080 (PORT=… for another port)
	@scripts/run

demo: ## beside `make run`: make sample containers and images, and show them through the API
	@scripts/demo

demo-clean: ## remove what `make demo` made
	@scripts/demo clean

compare: ## hold the nine fields of the API against what docker-py reports for the demo's containers
	@scripts/compare

test: ## find or start an engine, build, and run every test, those on the real engine included
	@scripts/test

test-engines: ## run the engine tests on the engines that Debian's releases package (SUITES="bookworm trixie forky podman-trixie"); takes a while
	@scripts/test-engines $(SUITES)

check: ## what a change must hold: locked packages without known faults, no warnings, format, the walls between the rooms
	$(DOTNET) restore ContainerApi.sln --locked-mode
	$(DOTNET) build ContainerApi.sln -c $(CONFIGURATION) --no-restore -warnaserror -v quiet
	$(DOTNET) format ContainerApi.sln --no-restore --verify-no-changes
	$(DOTNET) test tests/ContainerApi.Tests -c $(CONFIGURATION) --no-build -v quiet --filter FullyQualifiedName~ArchitectureTests
	@scripts/check-packages

build: ## build the solution
	$(DOTNET) build ContainerApi.sln -c $(CONFIGURATION) -v quiet

openapi: ## write docs/openapi.json anew from the service; its diff is the contract's change
	UPDATE_OPENAPI=1 $(DOTNET) test tests/ContainerApi.Tests -c $(CONFIGURATION) -v quiet --filter FullyQualifiedName~OpenApiTests

bench: ## run the benchmarks on the engine
	@DOCKER_HOST=$$(scripts/engine up) && export DOCKER_HOST && \
	  scripts/install-tools busybox-static curl procps python3-docker && \
	  $(DOTNET) run --project tests/ContainerApi.Benchmarks -c Release

soak: ## run the service under load for SOAK_MINUTES (30) while a private engine is stopped, killed, paused and restarted
	@command -v dockerd >/dev/null || scripts/install-tools docker.io
	@scripts/install-tools iptables iproute2 busybox-static procps
	$(DOTNET) run --project tests/ContainerApi.Soak -c Release

engine: ## find an engine, or install and start a private one; prints its DOCKER_HOST
	@scripts/engine up

engine-stop: ## stop the private engine (never another one)
	@scripts/engine down

clean: ## remove what building and testing left here, and the private engine with its data
	scripts/engine purge
	rm -rf artifacts src/*/bin src/*/obj tests/*/bin tests/*/obj
