// Makes cids.json with ipfs-unixfs-importer, an implementation independent of ours, set to what
// `ipfs add --cid-version=1` does. To repeat, in an empty folder:
//   npm i ipfs-unixfs-importer@17 blockstore-core && cp <here>/make_vectors.mjs . && node make_vectors.mjs > <here>/cids.json
import { importer } from 'ipfs-unixfs-importer';
import { fixedSize } from 'ipfs-unixfs-importer/chunker';
import { balanced } from 'ipfs-unixfs-importer/layout';
import { MemoryBlockstore } from 'blockstore-core';

// Byte i of file "seed" is the top byte of a 32-bit linear congruential generator's step i.
const bytes = (seed, size) => {
  const out = new Uint8Array(size);
  let x = seed >>> 0;
  for (let i = 0; i < size; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    out[i] = x >>> 24;
  }
  return out;
};
const options = {
  cidVersion: 1, rawLeaves: true, reduceSingleLeafToSelf: true,
  chunker: fixedSize({ chunkSize: 262144 }), layout: balanced({ maxChildrenPerNode: 174 }),
};
const run = async (entries, wrap) => {
  let last;
  const source = entries.map(([path, seed, size]) => (size === null ? { path } : { path, content: bytes(seed, size) }));
  for await (const entry of importer(source, new MemoryBlockstore(), { ...options, wrapWithDirectory: wrap })) last = entry;
  return last.cid.toString();
};

const CHUNK = 262144;
const files = [];
for (const size of [0, 1, 100, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 174 * CHUNK, 174 * CHUNK + 1, 175 * CHUNK, 349 * CHUNK + 5]) {
  files.push({ seed: 7, size, cid: await run([['file', 7, size]], false) });
}
const trees = [];
for (const entries of [
  [['model.onnx', 1, 300000]],
  [['model.onnx', 1, 300000], ['README.md', 2, 1000]],
  [['b/c/deep.bin', 3, 10], ['b/a.bin', 4, 0], ['a', 5, 600000], ['b.txt', 6, 5], ['Z', 7, 1], ['ä', 8, 2]],
  [['only/empty', 0, null]],
]) trees.push({ entries, cid: await run(entries, true) });
console.log(JSON.stringify({ files, trees }, null, 1));
