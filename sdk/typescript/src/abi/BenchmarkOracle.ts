// Generated from contracts/out by tools/generate.mjs (`make abi`). Do not edit.
export const benchmarkOracleAbi = [
  {"type":"constructor","inputs":[{"name":"timelock_","type":"address"}],"stateMutability":"nonpayable"},
  {"type":"function","name":"isGoodEnough","inputs":[{"name":"modelId","type":"uint256"},{"name":"versionId","type":"uint256"}],"outputs":[{"name":"","type":"bool"}],"stateMutability":"view"},
  {"type":"function","name":"scoreOf","inputs":[{"name":"modelId","type":"uint256"},{"name":"versionId","type":"uint256"}],"outputs":[{"name":"answer","type":"int256"},{"name":"updatedAt","type":"uint256"}],"stateMutability":"view"},
  {"type":"function","name":"setSource","inputs":[{"name":"modelId","type":"uint256"},{"name":"versionId","type":"uint256"},{"name":"source","type":"tuple","components":[{"name":"feed","type":"address"},{"name":"heartbeat","type":"uint32"},{"name":"decimals","type":"uint8"},{"name":"minAnswer","type":"int256"},{"name":"maxAnswer","type":"int256"},{"name":"floor","type":"int256"}]}],"outputs":[],"stateMutability":"nonpayable"},
  {"type":"event","name":"SourceChanged","inputs":[{"name":"modelId","type":"uint256","indexed":true},{"name":"versionId","type":"uint256","indexed":true},{"name":"source","type":"tuple","indexed":false,"components":[{"name":"feed","type":"address"},{"name":"heartbeat","type":"uint32"},{"name":"decimals","type":"uint8"},{"name":"minAnswer","type":"int256"},{"name":"maxAnswer","type":"int256"},{"name":"floor","type":"int256"}]}],"anonymous":false},
  {"type":"error","name":"BenchmarkOracle_AnswerOutOfBounds","inputs":[{"name":"feed","type":"address"},{"name":"answer","type":"int256"}]},
  {"type":"error","name":"BenchmarkOracle_AnswerStale","inputs":[{"name":"feed","type":"address"},{"name":"updatedAt","type":"uint256"}]},
  {"type":"error","name":"BenchmarkOracle_BadSource","inputs":[]},
  {"type":"error","name":"BenchmarkOracle_DecimalsChanged","inputs":[{"name":"feed","type":"address"},{"name":"actual","type":"uint8"},{"name":"expected","type":"uint8"}]},
  {"type":"error","name":"BenchmarkOracle_NoSource","inputs":[{"name":"modelId","type":"uint256"},{"name":"versionId","type":"uint256"}]},
  {"type":"error","name":"BenchmarkOracle_NotTimelock","inputs":[{"name":"caller","type":"address"}]},
] as const;
