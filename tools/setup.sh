#!/usr/bin/env bash
# Installs what the build, the tests and the demo need: Debian 12 packages and npm packages pinned by contracts/package-lock.json.
# Safe to run again; does nothing when all is there. Root, or a user who may sudo.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(
    build-essential cmake ninja-build ccache pkg-config python3 git ca-certificates
    clang-19 libclang-rt-19-dev clang-format-19
    libfmt-dev libgtest-dev libgmock-dev libgmp-dev libcrypto++-dev libssl-dev libsecp256k1-dev
    libcurl4-openssl-dev libboost1.81-dev nlohmann-json3-dev libcli11-dev libpng-dev zlib1g-dev
    libsqlite3-dev libhiredis-dev libpq-dev redis-server postgresql-15
    protobuf-compiler libprotobuf-dev libbenchmark-dev
    openssl libspdlog-dev libtomlplusplus-dev prometheus-cpp-dev
    python3-numpy
)
# `setup.sh bench`: also what writes the bench models.
if [ "${1:-}" = bench ]; then packages+=(python3-onnx); fi
# `setup.sh conformance`: what makes and reads ONNX models.
if [ "${1:-}" = conformance ]; then packages+=(python3-onnx); fi
# `setup.sh train`: what trains small networks, or reads those that others trained.
if [ "${1:-}" = train ]; then packages+=(libopenblas0-pthread python3-onnx python3-torch); fi
# `setup.sh torch`: what exports networks of others.
if [ "${1:-}" = torch ]; then packages+=(python3-torch python3-torchvision python3-venv); fi
# `setup.sh bench-gateway`: what the gateway is measured with.
if [ "${1:-}" = bench-gateway ]; then packages+=(nginx-light wrk procps util-linux); fi
missing=()
for package in "${packages[@]}"; do
    [ "$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null)" = "install ok installed" ] || missing+=("$package")
done
if ! command -v npm >/dev/null || ! command -v node >/dev/null; then missing+=(nodejs npm); fi
if [ ${#missing[@]} -gt 0 ]; then
    echo "installing Debian packages: ${missing[*]}"
    as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || { echo "setup: run as root, or install sudo" >&2; exit 1; }
        as_root=(sudo)
    fi
    log=$(mktemp)
    if ! { "${as_root[@]}" apt-get update -q && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -q --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        echo "setup: apt-get failed; the whole log is in $log" >&2
        exit 1
    fi
    rm -f "$log"
fi

for folder in contracts third_party/bullmq sdk/typescript; do
    stamp=$folder/node_modules/.mintmark-stamp
    if ! cmp -s "$folder/package-lock.json" "$stamp"; then
        echo "installing npm packages ($folder/package-lock.json)"
        (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
        cp "$folder/package-lock.json" "$stamp"
    fi
done
