# shellcheck shell=bash
# Formatting, lints, tests, documentation, package.

step_fmt() {
    cargo fmt --all --check
    cargo fmt --manifest-path checks/Cargo.toml --all --check
    cargo fmt --manifest-path fuzz/Cargo.toml --all --check
}

step_text() {
    python_tools typos==1.52.0 taplo==0.9.3
    typos
    git ls-files -co --exclude-standard '*.toml' | xargs taplo fmt --check
    note "$(typos --version), $(taplo --version)"
}

# Exactly what README.md tells a newcomer to do.
step_test() {
    grep -qx 'cargo test' README.md
    counted cargo test
}

step_clippy() {
    cargo clippy --workspace --all-targets --all-features -- -D warnings
    # One by one: together they would share features.
    cargo clippy --manifest-path checks/Cargo.toml --package no-std-proof -- -D warnings
    cargo clippy --manifest-path checks/Cargo.toml --package wasm-proof -- -D warnings
}

step_docs() {
    export RUSTDOCFLAGS=-Dwarnings
    cargo doc --no-deps --all-features
    cargo doc --no-deps --all-features --document-private-items
    RUSTDOCFLAGS='-Dwarnings --cfg docsrs' unstable cargo doc --no-deps --all-features --target-dir "$work/docsrs"
    note 'public, private items, as docs.rs builds it'
}

step_package() {
    local listed
    listed=$(cargo package --package rejoin --allow-dirty --list)
    for file in Cargo.toml CHANGELOG.md LICENSE README.md src/lib.rs tests/it/main.rs; do
        grep -qx "$file" <<<"$listed"
    done
    if grep -E '^(\.ci|benches|checks|fuzz|matrix)/' <<<"$listed"; then
        echo 'these do not belong into a package' >&2
        return 1
    fi
    cargo package --package rejoin --allow-dirty
    note "$(wc -l <<<"$listed") files, built from the package"
}
