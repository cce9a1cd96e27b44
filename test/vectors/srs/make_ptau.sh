#!/usr/bin/env bash
# Makes snarkjs_6.ptau, the test vector of the .ptau reader: power 6, one contribution, one beacon.
# Needs npm; snarkjs is fetched at the pinned version. The entropy is random, so a second run gives
# another (equally good) file.
set -euo pipefail
out=$(cd "$(dirname "$0")" && pwd)/snarkjs_6.ptau
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --no-audit --no-fund --loglevel=error snarkjs@0.7.6
snarkjs=node_modules/.bin/snarkjs
"$snarkjs" powersoftau new bn128 6 0.ptau
"$snarkjs" powersoftau contribute 0.ptau 1.ptau --name=mintmark-test -e="$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')"
"$snarkjs" powersoftau beacon 1.ptau 2.ptau 0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f 10 -n="test beacon"
"$snarkjs" powersoftau verify 2.ptau | tail -n 3
mv 2.ptau "$out"
