# shellcheck shell=bash
# What the crate shows to the outside, and what it takes in.

step_semver() {
    local tag
    tag=$(git describe --tags --match 'v[0-9]*' --abbrev=0 2>/dev/null) || not_applicable 'no release tag yet'
    cargo_tool cargo-semver-checks 0.51.0
    cargo semver-checks --package rejoin --baseline-rev "$tag"
    note "against $tag"
}

# docs/public-api.txt is the whole public API; a change to it is a change to be read.
step_public_api() {
    cargo_tool cargo-public-api 0.52.0
    local listing=$work/public-api.txt foreign
    unstable cargo public-api --package rejoin --all-features -s >"$listing"
    if ! diff -u docs/public-api.txt "$listing"; then
        echo "if that is meant: cp $listing docs/public-api.txt" >&2
        return 1
    fi
    # pin-project writes bounds of its own on `Unpin`, which nobody can name.
    foreign=$(grep -v ' core::marker::Unpin for .* where pin_project::__private' "$listing" |
        grep -oP '(?<![\w:])[a-z_]\w*(?=::)' | sort -u | grep -vxE 'rejoin|core|alloc|std|futures_core' || true)
    if [[ -n $foreign ]]; then
        echo "types of other crates show: $foreign" >&2
        return 1
    fi
    note "$(wc -l <"$listing") items, and of other crates only futures-core's"
}

step_unused() {
    cargo_tool cargo-machete 0.9.2
    cargo machete
}

step_licences() {
    cargo_tool cargo-deny 0.20.2
    cargo deny --offline --all-features check licenses bans sources
    local normal
    normal=$(cargo tree --package rejoin --all-features --edges normal --depth 1 --prefix none | tail -n +2 | cut -d' ' -f1 | sort | paste -sd ' ')
    [[ $normal == 'futures-core futures-util pin-project' ]]
    note "runtime dependencies: $normal"
}
