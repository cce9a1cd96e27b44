// Generated from contracts/out by tools/generate.mjs (`make abi`). Do not edit.
export const universalVerifierAbi = [
  {"type":"constructor","inputs":[{"name":"powers","type":"bytes"}],"stateMutability":"nonpayable"},
  {"type":"function","name":"inputWords","inputs":[{"name":"key","type":"address"}],"outputs":[{"name":"words","type":"uint256"}],"stateMutability":"view"},
  {"type":"function","name":"srsDigest","inputs":[],"outputs":[{"name":"","type":"bytes32"}],"stateMutability":"view"},
  {"type":"function","name":"tauPowers","inputs":[],"outputs":[{"name":"","type":"address"}],"stateMutability":"view"},
  {"type":"function","name":"verify","inputs":[{"name":"key","type":"address"},{"name":"context","type":"bytes32"},{"name":"instances","type":"uint256[]"},{"name":"proof","type":"bytes"}],"outputs":[{"name":"accepted","type":"bool"}],"stateMutability":"view"},
  {"type":"function","name":"verifyBatch","inputs":[{"name":"key","type":"address"},{"name":"contexts","type":"bytes32[]"},{"name":"instances","type":"uint256[][]"},{"name":"proofs","type":"bytes[]"}],"outputs":[{"name":"accepted","type":"bool"}],"stateMutability":"view"},
  {"type":"error","name":"Verifier_InvalidTau","inputs":[]},
  {"type":"error","name":"Verifier_MalformedKey","inputs":[{"name":"position","type":"uint256"}]},
  {"type":"error","name":"Verifier_NotAKey","inputs":[{"name":"key","type":"address"}]},
  {"type":"error","name":"Verifier_OtherSrs","inputs":[{"name":"keyDigest","type":"bytes32"},{"name":"srsDigest","type":"bytes32"}]},
  {"type":"error","name":"Verifier_OutOfGas","inputs":[]},
  {"type":"error","name":"VerifyingKeyCode_CreationFailed","inputs":[]},
  {"type":"error","name":"VerifyingKeyCode_TooLong","inputs":[{"name":"length","type":"uint256"},{"name":"limit","type":"uint256"}]},
] as const;
