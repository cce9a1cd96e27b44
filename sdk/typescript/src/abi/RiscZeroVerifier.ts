// Generated from contracts/out by tools/generate.mjs (`make abi`). Do not edit.
export const riscZeroVerifierAbi = [
  {"type":"function","name":"SYSTEM","inputs":[],"outputs":[{"name":"","type":"bytes32"}],"stateMutability":"view"},
  {"type":"function","name":"inputWords","inputs":[{"name":"key","type":"address"}],"outputs":[{"name":"","type":"uint256"}],"stateMutability":"view"},
  {"type":"function","name":"verify","inputs":[{"name":"key","type":"address"},{"name":"context","type":"bytes32"},{"name":"instances","type":"uint256[]"},{"name":"proof","type":"bytes"}],"outputs":[{"name":"accepted","type":"bool"}],"stateMutability":"view"},
  {"type":"error","name":"Adapter_CodeChanged","inputs":[{"name":"target","type":"address"},{"name":"codehash","type":"bytes32"}]},
  {"type":"error","name":"Adapter_MalformedKey","inputs":[{"name":"key","type":"address"}]},
  {"type":"error","name":"Adapter_OtherSystem","inputs":[{"name":"key","type":"address"},{"name":"system","type":"bytes32"}]},
  {"type":"error","name":"Adapter_TooLittleGas","inputs":[{"name":"gasLeft","type":"uint256"},{"name":"gasLimit","type":"uint256"}]},
] as const;
