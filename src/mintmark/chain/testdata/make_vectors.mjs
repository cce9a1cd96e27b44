// Makes vectors.json with viem, an implementation independent of ours. To repeat, in an empty folder:
//   npm i viem@2 && cp <here>/make_vectors.mjs . && node make_vectors.mjs > <here>/vectors.json
import {
  encodeAbiParameters, parseAbiParameters, toFunctionSelector, keccak256, getContractAddress,
  getAddress, hashTypedData, hashMessage, serializeTransaction, hexToBytes,
} from 'viem';
import { privateKeyToAccount } from 'viem/accounts';

let state = 1n;
const next = () => {  // splitmix64, so that the file is the same each time
  state = (state + 0x9e3779b97f4a7c15n) & 0xffffffffffffffffn;
  let z = state;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & 0xffffffffffffffffn;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & 0xffffffffffffffffn;
  return z ^ (z >> 31n);
};
const below = (n) => Number(next() % BigInt(n));
const big = (bits) => {
  let v = 0n;
  for (let i = 0; i < 4; i++) v = (v << 64n) | next();
  return v & ((1n << BigInt(1 + below(bits))) - 1n);
};
const hex = (n) => '0x' + Array.from({ length: n }, () => below(256).toString(16).padStart(2, '0')).join('');

// A random type (text) and value of it (JSON: numbers as decimal text).
const randomType = (depth) => {
  const pick = below(depth > 0 ? 12 : 7);
  if (pick === 0) return 'uint' + 8 * (1 + below(32));
  if (pick === 1) return 'int' + 8 * (1 + below(32));
  if (pick === 2) return 'address';
  if (pick === 3) return 'bool';
  if (pick === 4) return 'bytes' + (1 + below(32));
  if (pick === 5) return 'bytes';
  if (pick === 6) return 'string';
  if (pick <= 8) return randomType(depth - 1) + '[]';
  if (pick === 9) return randomType(depth - 1) + `[${1 + below(3)}]`;
  return '(' + Array.from({ length: 1 + below(4) }, () => randomType(depth - 1)).join(',') + ')';
};
const toParameter = (text) => parseAbiParameters(text.replace(/\(/g, '(').replace(/,/g, ', '))[0];
const randomValue = (p) => {
  const array = p.type.match(/^(.*)\[(\d*)\]$/);
  if (array) {
    const n = array[2] === '' ? below(4) : Number(array[2]);
    return Array.from({ length: n }, () => randomValue({ ...p, type: array[1] }));
  }
  if (p.type === 'tuple') return p.components.map(randomValue);
  if (p.type === 'address') return getAddress(hex(20));
  if (p.type === 'bool') return below(2) === 1;
  if (p.type === 'string') return 'äöü text '.repeat(below(6)).slice(0, below(60));
  if (p.type === 'bytes') return hex(below(80));
  if (p.type.startsWith('bytes')) return hex(Number(p.type.slice(5)));
  if (p.type.startsWith('uint')) return big(Number(p.type.slice(4)));
  const v = big(Number(p.type.slice(3)) - 1);
  return below(2) ? v : -v - 1n;
};
const named = (p) => p.components
  ? { ...p, components: p.components.map((c, i) => named({ ...c, name: 'c' + i })) } : p;
const toObjects = (p, v) => {  // viem takes tuples with names as objects, without as arrays
  const array = p.type.match(/^(.*)\[(\d*)\]$/);
  if (array) return v.map((x) => toObjects({ ...p, type: array[1] }, x));
  if (p.type === 'tuple') return Object.fromEntries(p.components.map((c, i) => [c.name, toObjects(c, v[i])]));
  return v;
};

const abi = [];
for (let i = 0; i < 120; i++) {
  const texts = Array.from({ length: 1 + below(4) }, () => randomType(3));
  const parameters = texts.map(toParameter).map(named);
  const values = parameters.map(randomValue);
  abi.push({
    types: '(' + texts.join(',') + ')', values,
    data: encodeAbiParameters(parameters, parameters.map((p, j) => toObjects(p, values[j]))),
  });
}

const key = '0x4646464646464646464646464646464646464646464646464646464646464646';
const account = privateKeyToAccount(key);
const transactions = [];
for (let i = 0; i < 12; i++) {
  const legacy = i % 3 === 0;
  const tx = {
    chainId: [1, 31337, 8453, 11155111][i % 4], nonce: i * 77, gas: BigInt(21000 + below(2000000)),
    value: big(80), data: hex(below(100)), ...(i % 4 === 3 ? {} : { to: getAddress(hex(20)) }),
    ...(legacy ? { type: 'legacy', gasPrice: big(40) }
      : { type: 'eip1559', maxFeePerGas: (1n << 40n) + big(40), maxPriorityFeePerGas: big(38) }),
  };
  transactions.push({ ...tx, signed: await account.signTransaction(tx) });
}

const types = { InferenceRequest: [
  { name: 'model', type: 'uint256' }, { name: 'pass', type: 'uint256' }, { name: 'input', type: 'bytes32' },
  { name: 'buyer', type: 'address' }, { name: 'free', type: 'bool' }, { name: 'note', type: 'string' },
  { name: 'blob', type: 'bytes' }] };
const domain = { name: 'Mintmark', version: '1', chainId: 31337, verifyingContract: getAddress(hex(20)) };
const message = { model: big(200), pass: 7n, input: hex(32), buyer: getAddress(hex(20)), free: true, note: 'grüße', blob: hex(45) };
const typed = { domain, message, hash: hashTypedData({ domain, types, primaryType: 'InferenceRequest', message }),
  signature: await account.signTypedData({ domain, types, primaryType: 'InferenceRequest', message }) };

const signatures = ['transfer(address,uint256)', 'settle((uint256,bytes32,address),bytes,uint256[])', 'f()'];
const out = {
  abi,
  selectors: signatures.map((s) => [s, toFunctionSelector('function ' + s)]),
  key, address: account.address, transactions, typed,
  personal: { message: 'hello mintmark', hash: hashMessage('hello mintmark'), signature: await account.signMessage({ message: 'hello mintmark' }) },
  created: [0n, 1n, 127n, 128n, 70000n].map((nonce) => [nonce, getContractAddress({ from: account.address, nonce })]),
};
console.log(JSON.stringify(out, (_, v) => (typeof v === 'bigint' ? v.toString() : v), 1));
