# The commands of the README, `make demo`, `make train` and `make test`, work on a fresh machine with Swift.

VENV := .venv
RELEASE := -c release --static-swift-stdlib

.PHONY: demo train test cross interop interop-old compatibility bench bench-setup check fuzz safety sanitize setup release

## Loads a CNN that Keras trained, classifies the MNIST test set, shows some digits and the accuracy.
demo: setup
	swift build $(RELEASE) --product MNISTDemo
	.build/release/MNISTDemo Fixtures

## Trains the CNN of docs/tutorials/mnist.md on Fashion-MNIST, as Debian packs it, and saves it as fashion_cnn.h5 for Python.
train:
	.ci/setup dataset-fashion-mnist
	swift build $(RELEASE) --product TrainDemo
	.build/release/TrainDemo fashion_cnn.h5

## All tests that need no Python.
test: setup
	swift build --product keras
	swift test

## The kernels' checks on NEON, under an emulator.
cross:
	.ci/cross

## Compares with real Keras, installed into a virtual environment, on random models and on the collection beside the checkout; SEED=TEXT draws
## other models.
interop: release $(VENV)/.ready
	$(VENV)/bin/python Tests/Interop/numpy_files.py $(addprefix --corpus ,$(wildcard ../shared/corpus))
	$(VENV)/bin/python Tests/Interop/run.py $(if $(SEED),--seed $(SEED)) $(addprefix --corpus ,$(wildcard ../shared/corpus))
	$(VENV)/bin/python Tests/Interop/objects.py
	$(VENV)/bin/python Tests/Interop/layouts.py
	if [ -d ../shared/corpus ]; then \
	    for script in corpus goldens slots; do $(VENV)/bin/python Tests/Interop/$$script.py --corpus ../shared/corpus || exit 1; done; fi

## Lets the Kerases of ten years save random models, each in an environment of its own (Pythons 3.7, 3.8, 3.10 and 3.11 of pyenv; 4 GB), and
## asks whether every file opens with the same numbers, and whether they load ours.
interop-old: release $(VENV)/.ready
	$(VENV)/bin/python Tests/Interop/old.py --environments $(VENV)-old --write Tests/Interop/old_table.md

## Asks of every file of the collection beside the checkout who opens it, here and in Python, and writes docs/COMPATIBILITY.md; ten minutes at first.
## The last table of `make interop-old` goes into it.
compatibility: release $(VENV)/.ready
	$(VENV)/bin/python Tests/Interop/compatibility.py --write docs/COMPATIBILITY.md $(if $(wildcard $(VENV)-old),--environments $(VENV)-old) \
	    --old Tests/Interop/old_table.md

## Measures models and convolutions against other engines, in turns, and writes docs/BENCHMARKS.md; about 25 minutes. Then training.
bench: bench-setup release
	$(VENV)-bench/bin/python Tests/Benchmarks/run.py --write $(ROWS)
	$(VENV)-bench/bin/python Tests/Benchmarks/training.py

## What `make bench` needs: ROWS="--only PATTERN --quick" measures some of it.
bench-setup: setup $(VENV)-bench/.ready
	swift build $(RELEASE) --product KerasBench

## The rules of docs/ARCHITECTURE.md that a compiler does not keep.
check: setup
	.ci/check

## Fuzzes every parser, or those in TARGETS, for TIME seconds in all (Tests/Fuzz); FAST=1 does without the address sanitizer meanwhile.
fuzz: setup
	Tests/Fuzz/fuzz.sh $(or $(TIME),60) $(TARGETS)

## What docs/SECURITY.md counts of files that harm and of saves that fail, in full: hours. KILLS=100 is less.
safety: release $(VENV)/.ready
	swift build -c release --package-path Tests/Fuzz --product Mutants
	$(VENV)/bin/python Tests/Interop/hostile.py
	$(VENV)/bin/python Tests/Interop/hostile.py --prefixes Fixtures/mnist_cnn_k315.h5
	$(VENV)/bin/python Tests/Interop/kills.py --kills $(or $(KILLS),10000)
	$(VENV)/bin/python Tests/Interop/resumes.py --kills $(or $(KILLS),200)
	$(VENV)/bin/python Tests/Interop/crowds.py
	$(VENV)/bin/python Tests/Interop/faults.py --memory
	$(VENV)/bin/python Tests/Interop/mutants.py --count 200000 Fixtures/generations/*.h5 Fixtures/old/*.h5

## The tests of the rooms that read and write files, under the address sanitizer and then under the thread sanitizer; ROUNDS=200 has eight threads
## read and write a thousand models each.
sanitize: setup
	for kind in address thread; do \
	    SWIFT_BACKTRACE=enable=no KERAS_ROUNDS=$(ROUNDS) ASAN_OPTIONS=detect_leaks=0 swift test --sanitize=$$kind --scratch-path .build-$$kind \
	        --filter 'HDF5Tests|JSONTests|StorageTests|NumPyTests|KerasFormatTests|SaveTests' || exit 1; \
	done

release: setup
	swift build $(RELEASE) --product keras

## Installs what is missing, by package name.
setup:
	@.ci/setup

$(VENV)/.ready: Tests/Interop/requirements.txt
$(VENV)-bench/.ready: Tests/Benchmarks/requirements.txt
$(VENV)/.ready $(VENV)-bench/.ready:
	python3 -m venv $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@
