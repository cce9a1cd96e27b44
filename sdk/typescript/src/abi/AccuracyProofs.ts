// Generated from contracts/out by tools/generate.mjs (`make abi`). Do not edit.
export const accuracyProofsAbi = [
  {"type":"constructor","inputs":[{"name":"registry_","type":"address"},{"name":"router_","type":"address"},{"name":"timelock_","type":"address"}],"stateMutability":"nonpayable"},
  {"type":"function","name":"approveKey","inputs":[{"name":"modelId","type":"uint256"},{"name":"versionId","type":"uint256"},{"name":"keyHash","type":"bytes32"},{"name":"samples","type":"uint32"}],"outputs":[],"stateMutability":"nonpayable"},
  {"type":"function","name":"contextOf","inputs":[{"name":"modelId","type":"uint256"},{"name":"versionId","type":"uint256"}],"outputs":[{"name":"","type":"bytes32"}],"stateMutability":"view"},
  {"type":"function","name":"prove","inputs":[{"name":"modelId","type":"uint256"},{"name":"versionId","type":"uint256"},{"name":"accuracyKey","type":"address"},{"name":"instances","type":"uint256[]"},{"name":"proof","type":"bytes"}],"outputs":[],"stateMutability":"nonpayable"},
  {"type":"function","name":"rightOf","inputs":[{"name":"modelId","type":"uint256"},{"name":"versionId","type":"uint256"},{"name":"suiteHash","type":"bytes32"},{"name":"samples","type":"uint32"}],"outputs":[{"name":"proven","type":"bool"},{"name":"right","type":"uint256"}],"stateMutability":"view"},
  {"type":"event","name":"AccuracyProven","inputs":[{"name":"modelId","type":"uint256","indexed":true},{"name":"versionId","type":"uint256","indexed":true},{"name":"keyHash","type":"bytes32","indexed":true},{"name":"suiteHash","type":"bytes32","indexed":false},{"name":"right","type":"uint256","indexed":false}],"anonymous":false},
  {"type":"event","name":"KeyApproved","inputs":[{"name":"modelId","type":"uint256","indexed":true},{"name":"versionId","type":"uint256","indexed":true},{"name":"keyHash","type":"bytes32","indexed":true},{"name":"samples","type":"uint32","indexed":false}],"anonymous":false},
  {"type":"error","name":"AccuracyProofs_NotAKey","inputs":[{"name":"key","type":"address"}]},
  {"type":"error","name":"AccuracyProofs_NotTimelock","inputs":[{"name":"caller","type":"address"}]},
  {"type":"error","name":"AccuracyProofs_OtherWeights","inputs":[{"name":"modelKey","type":"address"},{"name":"accuracyKey","type":"address"}]},
  {"type":"error","name":"AccuracyProofs_ProofRejected","inputs":[]},
  {"type":"error","name":"AccuracyProofs_SystemRefused","inputs":[]},
  {"type":"error","name":"AccuracyProofs_VersionNotProvable","inputs":[{"name":"modelId","type":"uint256"},{"name":"versionId","type":"uint256"}]},
  {"type":"error","name":"AccuracyProofs_WrongInstances","inputs":[{"name":"words","type":"uint256"},{"name":"expected","type":"uint256"}]},
  {"type":"error","name":"AccuracyProofs_ZeroSamples","inputs":[]},
] as const;
