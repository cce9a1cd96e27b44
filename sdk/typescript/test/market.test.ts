// The real contracts on a real node, deployed by the real program: a pass is bought and a request signed through the typed ABIs.
// environment: MINTMARK (the program)
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {
  concat, createTestClient, createWalletClient, encodeAbiParameters, http, keccak256, padHex, parseEther, publicActions, recoverTypedDataAddress, sha256,
  slice, stringToHex, toHex, zeroHash, type Address, type Hex,
} from 'viem';
import {generatePrivateKey, privateKeyToAccount} from 'viem/accounts';
import {foundry} from 'viem/chains';
import {contractOf, digestOf, inputCommitment, parseDeployment, typedDataOf, type Deployment, type MessageOf} from '../src/index.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const program = process.env['MINTMARK'] ?? join(root, 'build/release/apps/mintmark/mintmark');
const home = mkdtempSync(join(tmpdir(), 'mintmark-sdk-'));
const kActive = 2;
const kInputWords = 3;

function mintmark(...args: string[]): {rpc_url?: string} {
  const env = {...process.env, MINTMARK_CONTRACTS: join(root, 'contracts/out')};
  const out = execFileSync(program, ['--json', '--home', home, ...args], {env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe']});
  return JSON.parse(out.trim().split('\n').at(-1) ?? '{}');
}

/** A verifying key of three public inputs, as docs/spec/protocol.md lays it out; nothing is proven under it. */
function keyBytes(): Hex {
  const header = concat(['0x0108080800', '0x000000', '0x000100020000', padHex('0x', {size: 12}), padHex('0x', {size: 6}), keccak256(stringToHex('srs'))]);
  const weights = concat(['0x0001', padHex('0x', {size: 30})]);
  const input = concat(['0x0102', '0x00000000', '0x00', '0x000001', '0x08', toHex(kInputWords, {size: 3}), padHex('0x', {size: 18})]);
  return concat([header, zeroHash, weights, input]);
}

async function connect(url: string) {
  const transport = http(url);
  const [creator, buyer] = [privateKeyToAccount(generatePrivateKey()), privateKeyToAccount(generatePrivateKey())];
  const node = createTestClient({chain: foundry, mode: 'anvil', transport}).extend(publicActions);
  for (const {address} of [creator, buyer]) await node.setBalance({address, value: parseEther('10')});
  return {
    node,
    creator: createWalletClient({account: creator, chain: foundry, transport}),
    buyer: createWalletClient({account: buyer, chain: foundry, transport}),
  };
}

let people: Awaited<ReturnType<typeof connect>>;
let deployment: Deployment;

before(async () => {
  const {rpc_url: url} = mintmark('chain', 'up', '--port', '0');
  people = await connect(url ?? assert.fail('no node'));
  mintmark('chain', 'deploy', '--dev', '--power', '8');
  deployment = parseDeployment(readFileSync(join(home, 'deployment.json'), 'utf8'));
});

after(() => {
  mintmark('chain', 'down');
  rmSync(home, {recursive: true});
});

/** A model with one Active version at 0.001 of the native currency per call. */
async function publish(): Promise<{modelId: bigint; versionId: bigint}> {
  const {node, creator} = people;
  const registry = contractOf(deployment, 'ModelRegistry');
  const mined = (hash: Hex) => node.waitForTransactionReceipt({hash});
  const key = keyBytes();
  const size = toHex((key.length - 2) / 2 + 1, {size: 2});
  const made = await mined(await creator.sendTransaction({data: concat(['0x61', size, '0x80600a3d393df300', key])}));
  const version = {
    manifestRoot: keccak256(stringToHex('manifest')),
    weightsHash: sha256(stringToHex('weights')),
    circuitHash: keccak256(stringToHex('circuit')),
    vkHash: keccak256(key),
    tokenizerHash: zeroHash,
    verifyingKey: made.contractAddress ?? assert.fail(),
    verifier: contractOf(deployment, 'UniversalVerifier').address,
    proofSystem: slice(keccak256(stringToHex('mintmark-flat-v5')), 0, 4),
    parameterCount: 61_706n,
    encrypted: true,
    architecture: 'LeNet-5',
    storageURI: 'ipfs://bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi',
  };
  await mined(await creator.writeContract({...registry, functionName: 'registerModel', args: ['lenet', 'ipfs://card', creator.account.address]}));
  const modelId = 1n;
  const commitment = await node.readContract({
    ...registry,
    functionName: 'commitmentOf',
    args: [creator.account.address, version.weightsHash, version.manifestRoot, zeroHash],
  });
  await mined(await creator.writeContract({...registry, functionName: 'commitVersion', args: [commitment]}));
  await node.increaseTime({seconds: 5});
  await node.mine({blocks: 1});
  await mined(await creator.writeContract({...registry, functionName: 'publishVersion', args: [modelId, version, zeroHash]}));
  const versionId = 1n;
  await mined(await creator.writeContract({...registry, functionName: 'setStatus', args: [modelId, versionId, kActive, '']}));
  const price = {perCall: parseEther('0.001') * 10n ** 12n, perDay: 0n, free: false};
  await mined(await creator.writeContract({...contractOf(deployment, 'PriceBook'), functionName: 'setPrice', args: [modelId, versionId, price]}));
  return {modelId, versionId};
}

test('a pass is bought and a request signed; contract and package agree on its digest', async () => {
  const {node, buyer} = people;
  const {modelId, versionId} = await publish();
  const to: Address = buyer.account.address;
  const now = (await node.getBlock()).timestamp;
  const value = await node.readContract({...contractOf(deployment, 'PriceBook'), functionName: 'quotePass', args: [modelId, versionId, 3n, 1n]});
  assert.equal(value, parseEther('0.003'));
  const order = {modelId, versionId, calls: 3n, numDays: 1n, maxPrice: value, deadline: now + 600n, to};
  const passes = contractOf(deployment, 'AccessPass');
  await node.waitForTransactionReceipt({hash: await buyer.writeContract({...passes, functionName: 'buy', args: [order], value})});
  assert.equal(await node.readContract({...passes, functionName: 'ownerOf', args: [1n]}), to);

  const router = contractOf(deployment, 'VerifierRouter');
  const words = [1n, 2n, 3n];
  for (const nonce of [0n, 7n, 2n ** 256n - 1n]) {
    const request: MessageOf<'Request'> = {modelId, versionId, passId: 1n, inputCommitment: inputCommitment(words), nonce, deadline: now + 3600n};
    const theirs = await node.readContract({...router, functionName: 'requestDigest', args: [request]});
    assert.equal(digestOf(deployment, 'Request', request), theirs);
    const data = typedDataOf(deployment, 'Request', request) as Parameters<typeof buyer.signTypedData>[0];
    const signature = await buyer.signTypedData(data);
    assert.equal(await recoverTypedDataAddress({...(data as Parameters<typeof recoverTypedDataAddress>[0]), signature}), to);
  }
});

test('a false proof of a signed request is refused by name', async () => {
  const {node, buyer} = people;
  const now = (await node.getBlock()).timestamp;
  const words = [1n, 2n, 3n];
  const request: MessageOf<'Request'> = {
    modelId: 1n, versionId: 1n, passId: 1n, inputCommitment: inputCommitment(words), nonce: 1n, deadline: now + 3600n,
  };
  const signature = await buyer.signTypedData(typedDataOf(deployment, 'Request', request) as Parameters<typeof buyer.signTypedData>[0]);
  const settle = {...contractOf(deployment, 'VerifierRouter'), functionName: 'settle', account: buyer.account} as const;
  await assert.rejects(node.simulateContract({...settle, args: [request, signature, [...words, 4n], '0x00']}), /VerifierRouter_ProofRejected/);
  // A stranger's signature fails before the proof is looked at: the package signs what the contract checks.
  const stranger = await people.creator.signTypedData(typedDataOf(deployment, 'Request', request) as Parameters<typeof buyer.signTypedData>[0]);
  await assert.rejects(node.simulateContract({...settle, args: [request, stranger, [...words, 4n], '0x00']}), /VerifierRouter_NotSignedByHolder/);
});

test('addresses are those of every chain', () => {
  const salt = keccak256(stringToHex('mintmark-1'));
  const artifact = JSON.parse(readFileSync(join(root, 'contracts/out/AccessManager.sol/AccessManager.json'), 'utf8')) as {bytecode: {object: Hex}};
  const deployer: Address = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266';
  const code = concat([artifact.bytecode.object, encodeAbiParameters([{type: 'address'}], [deployer])]);
  const hash = keccak256(concat(['0xff', '0x4e59b44847b379578588920cA78FbF26c0B4956C', salt, keccak256(code)]));
  assert.equal(contractOf(deployment, 'AccessManager').address.toLowerCase(), slice(hash, 12));
});
