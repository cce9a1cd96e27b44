// Generated from contracts/out by tools/generate.mjs (`make abi`). Do not edit.
export const allowlistAbi = [
  {"type":"constructor","inputs":[{"name":"authority","type":"address"}],"stateMutability":"nonpayable"},
  {"type":"function","name":"MAX_ACCOUNTS","inputs":[],"outputs":[{"name":"","type":"uint256"}],"stateMutability":"view"},
  {"type":"function","name":"authority","inputs":[],"outputs":[{"name":"","type":"address"}],"stateMutability":"view"},
  {"type":"function","name":"grant","inputs":[{"name":"gateId","type":"uint256"},{"name":"accounts","type":"address[]"},{"name":"units","type":"uint64"}],"outputs":[],"stateMutability":"nonpayable"},
  {"type":"function","name":"isConsumingScheduledOp","inputs":[],"outputs":[{"name":"","type":"bytes4"}],"stateMutability":"view"},
  {"type":"function","name":"quotaOf","inputs":[{"name":"gateId","type":"uint256"},{"name":"account","type":"address"},{"name":"key","type":"uint256"},{"name":"","type":"uint256"}],"outputs":[{"name":"","type":"uint256"}],"stateMutability":"view"},
  {"type":"function","name":"setAuthority","inputs":[{"name":"newAuthority","type":"address"}],"outputs":[],"stateMutability":"nonpayable"},
  {"type":"function","name":"supportsInterface","inputs":[{"name":"interfaceId","type":"bytes4"}],"outputs":[{"name":"","type":"bool"}],"stateMutability":"pure"},
  {"type":"event","name":"AuthorityUpdated","inputs":[{"name":"authority","type":"address","indexed":false}],"anonymous":false},
  {"type":"event","name":"QuotaGranted","inputs":[{"name":"gateId","type":"uint256","indexed":true},{"name":"account","type":"address","indexed":true},{"name":"units","type":"uint64","indexed":false}],"anonymous":false},
  {"type":"error","name":"AccessManagedInvalidAuthority","inputs":[{"name":"authority","type":"address"}]},
  {"type":"error","name":"AccessManagedRequiredDelay","inputs":[{"name":"caller","type":"address"},{"name":"delay","type":"uint32"}]},
  {"type":"error","name":"AccessManagedUnauthorized","inputs":[{"name":"caller","type":"address"}]},
  {"type":"error","name":"Allowlist_SizeOutOfRange","inputs":[{"name":"size","type":"uint256"},{"name":"limit","type":"uint256"}]},
] as const;
