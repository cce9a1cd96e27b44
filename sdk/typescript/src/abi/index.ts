// Generated from contracts/out by tools/generate.mjs (`make abi`). Do not edit.
import {accessManagerAbi} from './AccessManager.js';
import {accessPassAbi} from './AccessPass.js';
import {accuracyProofsAbi} from './AccuracyProofs.js';
import {allowlistAbi} from './Allowlist.js';
import {auditedVerifierAbi} from './AuditedVerifier.js';
import {benchmarkOracleAbi} from './BenchmarkOracle.js';
import {currenciesAbi} from './Currencies.js';
import {derivativeGraphAbi} from './DerivativeGraph.js';
import {ezklVerifierAbi} from './EzklVerifier.js';
import {inferenceNFTAbi} from './InferenceNFT.js';
import {licenseTermsAbi} from './LicenseTerms.js';
import {licenseTokenAbi} from './LicenseToken.js';
import {mintGovernorAbi} from './MintGovernor.js';
import {mintTokenAbi} from './MintToken.js';
import {modelDisputesAbi} from './ModelDisputes.js';
import {modelRegistryAbi} from './ModelRegistry.js';
import {optimisticVerifierAbi} from './OptimisticVerifier.js';
import {paymentChannelsAbi} from './PaymentChannels.js';
import {priceBookAbi} from './PriceBook.js';
import {quotaLedgerAbi} from './QuotaLedger.js';
import {refereedExecutionAbi} from './RefereedExecution.js';
import {revenueRouterAbi} from './RevenueRouter.js';
import {revenueVaultAbi} from './RevenueVault.js';
import {reviewBoardAbi} from './ReviewBoard.js';
import {riscZeroVerifierAbi} from './RiscZeroVerifier.js';
import {stakeVaultAbi} from './StakeVault.js';
import {teeVerifierAbi} from './TeeVerifier.js';
import {timelockControllerAbi} from './TimelockController.js';
import {universalVerifierAbi} from './UniversalVerifier.js';
import {verifierRouterAbi} from './VerifierRouter.js';
import {versionGateAbi} from './VersionGate.js';

/** Every contract's ABI by its name in a deployment. */
export const abis = {
  AccessManager: accessManagerAbi,
  AccessPass: accessPassAbi,
  AccuracyProofs: accuracyProofsAbi,
  Allowlist: allowlistAbi,
  AuditedVerifier: auditedVerifierAbi,
  BenchmarkOracle: benchmarkOracleAbi,
  Currencies: currenciesAbi,
  DerivativeGraph: derivativeGraphAbi,
  EzklVerifier: ezklVerifierAbi,
  InferenceNFT: inferenceNFTAbi,
  LicenseTerms: licenseTermsAbi,
  LicenseToken: licenseTokenAbi,
  MintGovernor: mintGovernorAbi,
  MintToken: mintTokenAbi,
  ModelDisputes: modelDisputesAbi,
  ModelRegistry: modelRegistryAbi,
  OptimisticVerifier: optimisticVerifierAbi,
  PaymentChannels: paymentChannelsAbi,
  PriceBook: priceBookAbi,
  QuotaLedger: quotaLedgerAbi,
  RefereedExecution: refereedExecutionAbi,
  RevenueRouter: revenueRouterAbi,
  RevenueVault: revenueVaultAbi,
  ReviewBoard: reviewBoardAbi,
  RiscZeroVerifier: riscZeroVerifierAbi,
  StakeVault: stakeVaultAbi,
  TeeVerifier: teeVerifierAbi,
  TimelockController: timelockControllerAbi,
  UniversalVerifier: universalVerifierAbi,
  VerifierRouter: verifierRouterAbi,
  VersionGate: versionGateAbi,
} as const;
