// Generated from contracts/out by tools/generate.mjs (`make abi`). Do not edit.
export const versionGateAbi = [
  {"type":"constructor","inputs":[{"name":"registry_","type":"address"},{"name":"board_","type":"address"},{"name":"proofs_","type":"address"},{"name":"oracle_","type":"address"},{"name":"timelock_","type":"address"}],"stateMutability":"nonpayable"},
  {"type":"function","name":"acceptByAccuracy","inputs":[{"name":"modelId","type":"uint256"},{"name":"versionId","type":"uint256"}],"outputs":[],"stateMutability":"nonpayable"},
  {"type":"function","name":"acceptByReview","inputs":[{"name":"modelId","type":"uint256"},{"name":"versionId","type":"uint256"},{"name":"reviewId","type":"uint256"}],"outputs":[],"stateMutability":"nonpayable"},
  {"type":"event","name":"AcceptedByAccuracy","inputs":[{"name":"modelId","type":"uint256","indexed":true},{"name":"versionId","type":"uint256","indexed":true},{"name":"right","type":"uint256","indexed":false}],"anonymous":false},
  {"type":"event","name":"AcceptedByReview","inputs":[{"name":"modelId","type":"uint256","indexed":true},{"name":"versionId","type":"uint256","indexed":true},{"name":"reviewId","type":"uint256","indexed":true}],"anonymous":false},
  {"type":"error","name":"VersionGate_AccuracyTooLow","inputs":[{"name":"right","type":"uint256"},{"name":"minimum","type":"uint256"}]},
  {"type":"error","name":"VersionGate_BenchmarkTooLow","inputs":[{"name":"modelId","type":"uint256"},{"name":"versionId","type":"uint256"}]},
  {"type":"error","name":"VersionGate_NotProven","inputs":[{"name":"modelId","type":"uint256"},{"name":"versionId","type":"uint256"}]},
  {"type":"error","name":"VersionGate_NotTimelock","inputs":[{"name":"caller","type":"address"}]},
  {"type":"error","name":"VersionGate_ReviewNotPassed","inputs":[{"name":"reviewId","type":"uint256"},{"name":"modelId","type":"uint256"},{"name":"versionId","type":"uint256"}]},
] as const;
