# The two commands: `make demo` and `make test`. Both install what they need (Debian packages, npm).
SHELL := /bin/bash
.DEFAULT_GOAL := help

.PHONY: help setup build demo test test-long test-clients test-llm test-crash conformance real-networks trained-networks exported-networks random-models classical-models abi coverage mutants contract-tools gas bench bench-accuracy bench-gateway bench-rivals lint format clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: ## install what build, tests and demo need
	@tools/setup.sh

build: setup ## the mintmark program (release) and the contracts
	@cmake --preset release $(if $(wildcard build/release/CMakeCache.txt),,-DMINTMARK_JOINED=ON) >build-configure.log 2>&1 || { cat build-configure.log; exit 1; }; rm -f build-configure.log
	@cmake --build --preset release --target mintmark
	@cd contracts && node_modules/.bin/forge build --skip test --quiet

demo: build ## the whole story on a local chain, with the real CLI
	@tools/demo.sh

test: setup ## C++ (release; decoders and verifier with ASan+UBSan), contracts, end to end
	@python3 tools/run_tests.py

test-long: setup ## the heavy suites: every byte of a proof flipped, everything under sanitizers, long fuzzing
	@python3 tools/run_tests.py --long

test-clients: build ## PyPI's openai and tritonclient, unmodified, against the gateway (in a virtual environment below build/)
	@python3 tools/test_clients.py

test-llm: build ## a trained language model behind llama.cpp's server (both from PyPI, pinned), asked through the gateway, paid on a local chain
	@python3 tools/test_llm.py

test-crash: build ## a paid load while gateway, worker, Redis, PostgreSQL and the chain break at 500 random points (MINTMARK_SEED, MINTMARK_POINTS); then the queues, 3 x 200
	@/usr/bin/python3 test/crash/run.py --points $${MINTMARK_POINTS:-500} --seed $${MINTMARK_SEED:-1}
	@cmake --preset release >/dev/null && cmake --build --preset release --target mintmark_queue_test
	@MINTMARK_CRASHES=$${MINTMARK_CRASHES:-200} build/release/src/mintmark/queue/mintmark_queue_test --gtest_filter='*CrashLoad*'

conformance: build ## ezkl's examples (MINTMARK_MODELS), ONNX's node tests, broken graphs; writes docs/conformance.md
	@tools/setup.sh conformance
	@/usr/bin/python3 test/onnx/run.py --page

random-models: build ## random ONNX models against ONNX Runtime: compiled, run in integers, every tenth proven (MINTMARK_FIRST, MINTMARK_COUNT)
	@tools/setup.sh conformance
	@/usr/bin/python3 test/onnx/fuzz.py --first $${MINTMARK_FIRST:-1} --count $${MINTMARK_COUNT:-200}

classical-models: build ## scikit-learn, XGBoost and LightGBM models against ONNX Runtime (in a virtual environment below build/)
	@python3 -m venv build/classical && build/classical/bin/pip install -q -r test/onnx/classical-requirements.txt
	@build/classical/bin/python test/onnx/classical.py

abi: build ## the generated files of sdk/typescript, from the compiled contracts
	@cd sdk/typescript && node tools/generate.mjs

coverage: setup ## lines and branches of every contract, against the bars
	@$(MAKE) -C contracts coverage

mutants: setup ## broken contracts, each noticed by a test (goes on where it was stopped)
	@$(MAKE) -C contracts mutants

contract-tools: setup ## slither (every finding answered) and halmos (symbolic proofs), from PyPI, pinned
	@$(MAKE) -C contracts slither halmos

gas: setup ## gas of every entry point against contracts/snapshots, and its limits
	@$(MAKE) -C contracts snapshot-check

real-networks: build ## pretrained networks of npm and PyPI packages on real inputs: proofs, gas, task metrics against float
	@tools/setup.sh train
	@/usr/bin/python3 test/networks/run.py

trained-networks: build ## a CNN, a character GPT and an encoder, trained here in minutes: bits chosen for accuracy, perplexity, cosine; measured on other data
	@tools/setup.sh train
	@/usr/bin/python3 test/networks/trained.py

exported-networks: build ## architectures of torchvision, transformers and timm as torch exports them: import, error against torch, proof
	@tools/setup.sh torch
	@[ -f build/exported-venv/ready ] || { /usr/bin/python3 -m venv --system-site-packages build/exported-venv && \
	    build/exported-venv/bin/pip install -q -r test/networks/exported-requirements.txt && touch build/exported-venv/ready; }
	@build/exported-venv/bin/python test/networks/exported.py

bench: build ## setup, prove, verify, gas, sizes and memory of many models, as medians
	@tools/setup.sh bench
	@python3 tools/bench.py

bench-rivals: build ## the same models through ezkl (PyPI, pinned) on this machine in the same run
	@python3 tools/bench_rivals.py

bench-accuracy: build ## one proof that LeNet-5 is right on so many of 1,000 images (14 GB of memory)
	@python3 tools/bench_accuracy.py

bench-gateway: build ## the gateway against nginx as plain reverse proxy and LiteLLM (PyPI, pinned), same upstream, same run
	@tools/setup.sh bench-gateway
	@cmake --build --preset release --target mintmark_index_test >/dev/null
	@python3 tools/bench_gateway.py

lint: ## formatting and house rules
	@clang-format-19 --dry-run --Werror $$(git ls-files '*.cpp' '*.hpp')
	@python3 tools/tidy.py .
	@python3 tools/check_defects.py
	@python3 tools/check_evidence.py

format: ## rewrite all C++ files with clang-format
	@clang-format-19 -i $$(git ls-files '*.cpp' '*.hpp')

clean: ## remove build outputs
	@rm -rf build contracts/out contracts/cache
