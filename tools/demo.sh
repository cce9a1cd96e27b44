#!/usr/bin/env bash
# Plays the whole story with the real program on a local chain: `make demo` builds, then calls this.
# Three people with homes of their own: platform, creator, buyer. Ends by itself and leaves no process running.
set -euo pipefail
cd "$(dirname "$0")/.."

mintmark=${MINTMARK:-$PWD/build/release/apps/mintmark/mintmark}
demo=$PWD/build/demo
mnist=examples/mnist
image=${1:-$mnist/images/003-7.pgm}
export MINTMARK_DEPLOYMENT=$demo/deployment.json MINTMARK_PASSWORD=only-for-the-demo
began=$EPOCHREALTIME
node_pid=

if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; else bold= dim= plain=; fi

cleanup() {
    local status=$?
    trap - EXIT INT TERM
    if [ -n "$node_pid" ]; then kill "$node_pid" 2>/dev/null || true; wait "$node_pid" 2>/dev/null || true; fi
    "$mintmark" --home "$demo/platform" chain down >/dev/null 2>&1 || true
    exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

seconds_since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.2f", b - a }'; }
title() { printf '\n%s== %s%s\n' "$bold" "$1" "$plain"; }

# by WHO ARGUMENT...: runs one command as that person, shows it, its output and its time.
by() {
    local who=$1 started=$EPOCHREALTIME status=0
    shift
    printf '%s%s$ mintmark %s%s\n' "$dim" "$who" "${*//$demo/build\/demo}" "$plain"
    "$mintmark" --home "$demo/$who" "$@" 2>&1 | sed "s#$PWD/##g; s/^/    /" || status=$?
    printf '%s    (%s s)%s\n' "$dim" "$(seconds_since "$started")" "$plain"
    return "$status"
}

# refused CODE WHO ARGUMENT...: the command must fail with this exit code.
refused() {
    local wanted=$1 status=0
    shift
    by "$@" || status=$?
    if [ "$status" -ne "$wanted" ]; then
        echo "demo: expected exit code $wanted, got $status" >&2
        exit 1
    fi
    printf '    refused, as it must be (exit code %s)\n' "$status"
}

address() { "$mintmark" --home "$demo/$1" --json wallet show | sed -E 's/.*"address":"([^"]*)".*/\1/'; }

balances() {
    local who
    for who in platform creator buyer; do
        printf '    %-9s %s\n' "$who" "$("$mintmark" --home "$demo/$who" wallet list | awk '{ print $3, $4 }')"
    done
}

# A demo that was killed hard may have left its chain.
[ -d "$demo" ] && { "$mintmark" --home "$demo/platform" chain down >/dev/null 2>&1 || true; }
rm -rf "$demo"
mkdir -p "$demo"

cat <<TEXT
${bold}Mintmark demo${plain}: a creator sells calls of an image classifier without publishing its weights; every answer is proven.
Everything is real: chain (anvil), contracts, circuit, proof. Data of this run: build/demo
The proofs are zero-knowledge: they say nothing about the weights. The SRS is an insecure one, for development.
TEXT

title "1. A local chain, three wallets, the contracts"
by platform chain up --port 0
by platform wallet new platform
by creator wallet new creator
by buyer wallet new buyer
for who in platform creator buyer; do by platform chain fund "$(address $who)" 10ETH; done
by platform chain deploy

title "2. The creator puts the model into a content-addressed store"
by creator model push $mnist/lenet5.onnx --card $mnist/MODEL_CARD.md --name lenet5

title "3. The creator publishes it: first a dry run with its cost, then for real"
publish=(model publish lenet5 --data $mnist/samples.json --architecture LeNet-5
    --price-per-call 0.001ETH --price-per-day 0.0005ETH)
by creator "${publish[@]}" --dry-run
by creator "${publish[@]}"
by buyer model list

title "4. The buyer buys three calls; the money waits in escrow"
refused 12 buyer pass buy --model 1 --calls 3 --days 2 --max-price 0.0039ETH
by buyer pass buy --model 1 --calls 3 --days 2 --max-price 0.004ETH
balances

title "5. The creator's node answers the buyer's signed request"
printf '%screator$ mintmark node run --model lenet5%s\n' "$dim" "$plain"
"$mintmark" --home "$demo/creator" node run --model lenet5 --port 0 >"$demo/node.log" 2>&1 &
node_pid=$!
for _ in $(seq 100); do
    url=$(grep -o 'http://[0-9.:]*' "$demo/node.log" || true)
    [ -n "$url" ] && break
    kill -0 "$node_pid" 2>/dev/null || { cat "$demo/node.log" >&2; exit 1; }
    sleep 0.1
done
sed 's/^/    /' "$demo/node.log"
by buyer infer --node "$url" --model 1 --pass 1 --image "$image"
printf '    what the buyer holds: %s\n' "$(cd "$demo/buyer" && echo */)"

title "6. The creator proves the answer; anybody checks the proof in C++"
by creator infer prove --request last --proof-path "$demo/proof.json"
by buyer zk verify --proof-path "$demo/proof.json" --vk-path "$(echo "$demo"/buyer/keys/*.key)" \
    --srs-path "$demo/dev-insecure.srs"

title "7. The proof settles the call on-chain; one of three calls is earned"
by creator infer settle --request last --proof "$demo/proof.json"
by buyer pass show 1

title "8. The same request again, and with a fresh proof of it"
refused 13 creator infer settle --request last --proof "$demo/proof.json"
by creator infer prove --request last --proof-path "$demo/proof2.json"
cmp -s "$demo/proof.json" "$demo/proof2.json" && { echo "demo: the two proofs are the same" >&2; exit 1; }
refused 13 creator infer settle --request last --proof "$demo/proof2.json"

title "9. Creator and platform each pull exactly their part"
by creator revenue show
by creator revenue claim
by platform revenue claim --platform
balances

title "Done in $(seconds_since "$began") s"
echo "The chain and the node end now; nothing keeps running."
