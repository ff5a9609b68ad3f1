# Finds what a build needs, or installs it, or says clearly what is missing. Sourced by ./test and ./demo.
if ! command -v cargo >/dev/null 2>&1 && [ -f "$HOME/.cargo/env" ]; then
    . "$HOME/.cargo/env"
fi
if ! command -v cargo >/dev/null 2>&1; then
    echo "Rust is missing: install the stable toolchain (1.90 or later, with rustfmt and clippy) with rustup, then try again." >&2
    exit 1
fi

# need WHAT PACKAGES: installs Debian packages where that is possible, else says what is missing.
need() {
    if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
        echo "Installing $1"
        apt-get update -qq && apt-get install -y -qq --no-install-recommends $2 && return
    fi
    echo "$1 is missing; install it (on Debian: $2), then try again." >&2
    exit 1
}

command -v cc >/dev/null 2>&1 || need "a C compiler, which SQLite and zstd are built with," "gcc libc6-dev"
# The examples' functions, and the SDKs that tests use as clients, are Python and Node.js.
python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || need "Python 3 with venv" "python3 python3-venv"
command -v npm >/dev/null 2>&1 || need "Node.js with npm" "nodejs npm"
