// Digests against the vectors that Python computed, and that Solidity and C++ check, too.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import type {Address, Hex} from 'viem';
import {authorizationNonce, channelId, contractOf, digestOf, parseDeployment, structures, type Deployment, type MessageOf, type Structure} from '../src/index.js';

type Row = Record<string, string>;

const contracts = new URL('../../../../contracts/', import.meta.url);
const read = (name: string) => JSON.parse(readFileSync(new URL(`test/vectors/selling/${name}.json`, contracts), 'utf8')) as object;
const vectors = {...read('selling'), ...read('rights')} as Record<string, Row[]> & {chainId: number; contracts: Record<string, string>};
const deployment: Deployment = parseDeployment(
  JSON.stringify({format: 1, chainId: vectors.chainId, startBlock: 0, contracts: vectors.contracts}),
);
const kinds: Record<Structure, string> = {
  Request: 'request',
  Approval: 'approval',
  Voucher: 'voucher',
  Close: 'close',
  PassUsage: 'passUsage',
  Usage: 'quotaUsage',
  Quote: 'quote',
  Result: 'result',
};

/** The vector's members as viem takes them: words and addresses stay text, numbers become bigint or number by their width. */
function messageOf<S extends Structure>(structure: S, row: Row): MessageOf<S> {
  const members = structures[structure].members.map(({name, type}) => {
    const text = row[name] ?? assert.fail(`${structure}.${name} is missing`);
    if (type === 'address' || type === 'bytes32') return [name, text];
    return [name, type === 'uint8' ? Number(text) : BigInt(text)];
  });
  return Object.fromEntries(members) as MessageOf<S>;
}

for (const [structure, kind] of Object.entries(kinds) as [Structure, string][]) {
  test(`digests of ${structure}`, () => {
    const rows = vectors[kind] ?? [];
    assert.equal(rows.length, 10);
    for (const row of rows) assert.equal(digestOf(deployment, structure, messageOf(structure, row)), row['digest']);
  });
}

test('a digest binds chain and contract', () => {
  const row = vectors['request']?.[0] ?? assert.fail();
  const message = messageOf('Request', row);
  assert.notEqual(digestOf({...deployment, chainId: 1}, 'Request', message), row['digest']);
  const moved = {...deployment, contracts: {...deployment.contracts, VerifierRouter: contractOf(deployment, 'AccessPass').address}};
  assert.notEqual(digestOf(moved, 'Request', message), row['digest']);
});

test('ids of channels', () => {
  for (const row of vectors['voucher'] ?? assert.fail()) {
    assert.equal(channelId(row['buyer'] as Address, row['provider'] as Address, row['token'] as Address), row['channelId']);
  }
});

test('an ERC-3009 nonce names its provider', () => {
  const salt = `0x${'11'.repeat(32)}` as Hex;
  const [one, two] = [contractOf(deployment, 'AccessPass').address, contractOf(deployment, 'PriceBook').address];
  assert.notEqual(authorizationNonce(one, salt), authorizationNonce(two, salt));
});

test('the structures are those of the contracts, member by member', () => {
  const sources = ['libraries/InferenceRequest', 'licensing/DerivativeGraph', 'payments/PaymentChannels', 'access/PassUse', 'gating/QuotaLedger',
    'libraries/QuoteHash', 'verifier/adapters/TeeVerifier'];
  const text = sources.map((name) => readFileSync(new URL(`src/${name}.sol`, contracts), 'utf8')).join('\n');
  const declared = [...text.matchAll(/keccak256\(\s*"(\w+\([^"]*\))"/g)].map((match) => match[1]);
  const ours = Object.entries(structures).map(
    ([name, {members}]) => `${name}(${members.map((member) => `${member.type} ${member.name}`).join(',')})`,
  );
  assert.deepEqual(declared.sort(), ours.sort());
});

test('files that are no deployment are refused', () => {
  assert.throws(() => parseDeployment('{"format":2}'), /format 2/);
  assert.throws(() => parseDeployment('{"format":1,"chainId":1,"startBlock":0,"contracts":{"AccessPass":"0x12"}}'), /no address/);
  assert.throws(() => contractOf(parseDeployment('{"format":1,"chainId":1,"startBlock":0,"contracts":{}}'), 'AccessPass'), /no AccessPass/);
});
