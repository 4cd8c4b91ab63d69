#!/usr/bin/env bash
# Fuzzes every parser for a while: fuzz.sh SECONDS [TARGET…]. Inputs that crash, hang or leak are kept in Findings; a finding that has been
# mended becomes a file in Regressions, which the tests read too. Corpora grow in .corpus, which is not committed.
# FAST=1 runs without the address sanitizer, several times as fast, and then what it has found once with it.
set -euo pipefail
cd "$(dirname "$0")"
seconds=${1:-60}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(Doorman HDF5 JSON NPY NPZ Pickle Config Keras Safetensors)
fixtures=../../Fixtures

# Coverage needs the compiler's own option; `--sanitize=fuzzer` alone builds without.
export FUZZ=1
# Only what is asked for: the targets below HDF5 and NumPy build in a minute or two, those that read models take several.
compile() { swift build -c release --scratch-path "$1" --product "Fuzz$target" --sanitize=fuzzer -Xswiftc "-sanitize=$2" 2>&1 | tail -1; }
if [ -z "${FUZZ_BUILT:-}" ]; then
    for target in "${targets[@]}"; do
        compile .build-fuzz fuzzer,address
        [ -z "${FAST:-}" ] || compile .build-fuzz-plain fuzzer
    done
fi

# Small files of the fixtures, by what they begin with.
seeds() {
    local folder=$1
    shift
    mkdir -p "$folder"
    find "$@" -type f -size -64k ! -path '*/make/*' -print0 | while IFS= read -r -d '' file; do
        cp -n "$file" "$folder/$(md5sum <"$file" | cut -c1-16)"
    done
}
for target in "${targets[@]}"; do
    seed=.corpus/$target.seeds
    rm -rf "$seed"
    case $target in
    # In a few hundred bytes each: as many runs a second as the parser can do.
    Doorman | HDF5) seeds "$seed" Seeds/HDF5 ;;
    JSON) seeds "$seed" $fixtures/json $fixtures/old '(' -name '*.json' -o -name '*.yaml' ')' ;;
    Config) python3 seeds.py Config "$seed" ;;
    NPY) seeds "$seed" $fixtures/numpy -name '*.npy' ;;
    NPZ) seeds "$seed" $fixtures/numpy -name '*.npz' ;;
    Pickle) seeds "$seed" Seeds/Pickle ;;
    Keras)
        python3 seeds.py Keras "$seed"
        seeds "$seed" Seeds/HDF5 -name 'keras*'
        ;;
    Safetensors) seeds "$seed" Seeds/Safetensors ;;
    esac
    mkdir -p ".corpus/$target" "Regressions/$target" "Findings/$target"
done

build=.build-fuzz
[ -z "${FAST:-}" ] || build=.build-fuzz-plain
failed=0
each=$((seconds / ${#targets[@]}))
[ "$each" -gt 0 ] || each=1
# run BUILD OPTION…: the target on all that is known of it.
run() {
    # The crash handler would take minutes over each finding.
    SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=0:malloc_context_size=1:quarantine_size_mb=4 \
        "$1/release/Fuzz$target" "${@:2}" -timeout=5 -rss_limit_mb=512 -malloc_limit_mb=2048 -max_len=5600 -reload=0 \
        -print_final_stats=1 -artifact_prefix="Findings/$target/" ".corpus/$target" ".corpus/$target.seeds" "Regressions/$target"
}
for target in "${targets[@]}"; do
    log=.corpus/$target.log
    found=
    run $build -max_total_time="$each" >"$log" 2>&1 || found=$log
    [ -z "${FAST:-}" ] || run .build-fuzz -runs=0 >"$log.replay" 2>&1 || found=$log.replay
    if [ -n "$found" ]; then
        echo "$target: a finding"
        grep -E 'ERROR|SUMMARY|Fatal error|artifact_prefix' "$found" | head -5
        failed=1
    fi
    # Without this line the run is blind.
    grep -q 'INFO: Loaded [1-9][0-9]* modules' "$log" || { echo "$target: no coverage is counted"; failed=1; }
    runs=$(grep -oE 'number_of_executed_units: [0-9]+' "$log" | grep -oE '[0-9]+' || echo 0)
    echo "$target: $runs runs, coverage $(grep -oE 'cov: [0-9]+' "$log" | tail -1 | grep -oE '[0-9]+' || echo 0)"
done
exit $failed
