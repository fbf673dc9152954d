# A thin front door: each target is one command that you may as well type yourself.

PREFIX ?= /usr/local
BUILD := build
CONFIGURE := cmake -G Ninja -S . -B $(BUILD) -C src/cmake/presets/release.cmake

.PHONY: build test asan clang tsan verify fuzz demo bench soak format install clean help

build: ## compile plateaud and plateauctl into build/src
	@tests/setup.sh build
	@test -e $(BUILD)/build.ninja || $(CONFIGURE) >/dev/null
	@ninja -C $(BUILD) plateaud plateauctl

test: ## install what is needed, then run every test in every way (under 20 minutes)
	@tests/setup.sh
	@tests/run.sh

asan clang tsan: ## one of the ways: sanitizers, the other compiler, data races
	@tests/setup.sh
	@tests/run.sh $@

verify: ## the second distribution: build and test in a Debian 13 chroot; as root
	@tests/setup.sh verify
	@tests/verify.sh

fuzz: ## run each fuzzer for FUZZ_SECONDS (60)
	@tests/setup.sh
	@tests/fuzz.sh

demo: build ## 42 experiments from Kafka to an alert, here and now; KAFKA=real, KEEP=1
	@ninja -C $(BUILD) mock_kafka produce
	@tests/demo.sh

bench: build ## measure; see bench/README.md
	@bench/run.sh

soak: ## brokers that die, SOAK_SECONDS (3600) of kills against an oracle, then simulated faults until you stop it
	@tests/setup.sh
	@$(CONFIGURE) >/dev/null
	@ninja -C $(BUILD)
	@ctest --test-dir $(BUILD) -C soak --output-on-failure --no-tests=error -L '^soak$$'
	@PLATEAUD_BUILD=$(BUILD) PLATEAUD_SOAK_SECONDS=$(or $(SOAK_SECONDS),3600) /usr/bin/python3 -B tests/fault/soak.py
	@$(BUILD)/tests/sim/sim_commit --soak

format: ## write every C file as .clang-format wants it
	@git ls-files -co --exclude-standard 'src/*.[ch]' 'include/*.[ch]' 'tests/*.[ch]' 'bench/*.[ch]' | \
		xargs -r clang-format-14 -i

install: ## into PREFIX (/usr/local), below DESTDIR
	@tests/setup.sh build
	@$(CONFIGURE) -DCMAKE_INSTALL_PREFIX=$(PREFIX) >/dev/null
	@ninja -C $(BUILD) plateaud plateauctl
	@cmake --install $(BUILD)

clean: ## remove what was built
	@rm -rf build build-*/

help: ## this list
	@sed -nE 's/^([a-z ]+):[^#]*## (.*)/\1|\2/p' $(firstword $(MAKEFILE_LIST)) | \
		while IFS='|' read -r name text; do printf '  make %-18s %s\n' "$$name" "$$text"; done
