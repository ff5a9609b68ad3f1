# Finds what a build needs, or installs it, or says clearly what is missing. Sourced by ./test and ./demo.
if ! command -v cargo >/dev/null 2>&1 && [ -f "$HOME/.cargo/env" ]; then
    . "$HOME/.cargo/env"
fi
if ! command -v cargo >/dev/null 2>&1; then
    echo "Rust is missing: install the stable toolchain (1.90 or later, with rustfmt and clippy) with rustup, then try again." >&2
    exit 1
fi
if ! command -v cc >/dev/null 2>&1; then
    if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
        echo "Installing a C compiler, which SQLite and zstd are built with"
        apt-get update -qq && apt-get install -y -qq gcc libc6-dev
    else
        echo "A C compiler is missing (SQLite and zstd are built with it): install gcc or clang, then try again." >&2
        exit 1
    fi
fi
