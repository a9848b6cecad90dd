# shellcheck shell=bash
# How good the tests are: mutants that survive, lines and branches that nothing runs.

# A surviving mutant must be argued for in .ci/mutants.toml.
step_mutants() {
    cargo_tool cargo-mutants 27.1.0
    local out=$work/mutants code=0
    rm -rf "$out"
    mkdir -p "$out"
    cargo mutants --package rejoin --file "${MUTANTS:-src/**}" --output "$out" --no-shuffle --timeout 60 -- \
        --test faults --test it --test model -- --skip on_async_std --skip on_smol --skip on_tokio || code=$?
    # 2: some were missed, 3: some timed out, which is a way to be caught.
    ((code == 0 || code == 2 || code == 3))
    python3 .ci/mutants.py .ci/mutants.toml "$out/mutants.out"
    note "$(cargo mutants --version): $(cat "$out/mutants.out/summary")"
}

step_coverage() {
    cargo_tool cargo-llvm-cov 0.9.1
    local llvm tools=$work/llvm out=$work/coverage
    # The tools must be of the LLVM that the compiler is built with.
    llvm=$(rustc --version --verbose | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
    apt_unpack "$tools" "llvm-$llvm" "libllvm$llvm"
    mkdir -p "$out"
    export LD_LIBRARY_PATH=$tools/usr/lib/x86_64-linux-gnu:$tools/usr/lib/llvm-$llvm/lib
    export LLVM_COV=$tools/usr/lib/llvm-$llvm/bin/llvm-cov LLVM_PROFDATA=$tools/usr/lib/llvm-$llvm/bin/llvm-profdata
    unstable cargo llvm-cov --branch --test alloc --test faults --test it --test model --html --output-dir "$out"
    unstable cargo llvm-cov report --summary-only | tee "$out/summary.txt"
    note "$(awk '$1 == "TOTAL" { print "lines " $10 ", branches " $13 }' "$out/summary.txt")"
}
