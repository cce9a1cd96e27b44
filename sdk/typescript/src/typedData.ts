// What people sign (EIP-712): one entry per structure, with the domain of the contract that checks it.
import {encodeAbiParameters, hashTypedData, keccak256, type Address, type Hex, type TypedDataDomain} from 'viem';
import type {AbiParametersToPrimitiveTypes} from 'abitype';
import {contractOf, type ContractName, type Deployment} from './deployment.js';

const uint256 = 'uint256' as const;

/** By structure: the domain's name, the contract that checks it, the members in their order. */
export const structures = {
  /** A call of a model that a pass pays: its holder signs. */
  Request: {
    domain: 'Mintmark',
    contract: 'VerifierRouter',
    members: [
      {name: 'modelId', type: uint256},
      {name: 'versionId', type: uint256},
      {name: 'passId', type: uint256},
      {name: 'inputCommitment', type: 'bytes32'},
      {name: 'nonce', type: uint256},
      {name: 'deadline', type: uint256},
    ],
  },
  /** A parent's owner lets a model be linked as a derivative. */
  Approval: {
    domain: 'Mintmark',
    contract: 'DerivativeGraph',
    members: [
      {name: 'child', type: uint256},
      {name: 'parent', type: uint256},
      {name: 'licenseId', type: uint256},
      {name: 'versionId', type: uint256},
      {name: 'relation', type: 'uint8'},
      {name: 'deadline', type: 'uint64'},
    ],
  },
  /** All that a channel has paid for one version so far; only the newest counts. */
  Voucher: {
    domain: 'Mintmark Channels',
    contract: 'PaymentChannels',
    members: [
      {name: 'channelId', type: 'bytes32'},
      {name: 'modelId', type: uint256},
      {name: 'versionId', type: uint256},
      {name: 'cumulative', type: 'uint128'},
      {name: 'validUntil', type: 'uint64'},
      {name: 'receiptRoot', type: 'bytes32'},
    ],
  },
  /** A provider lets a channel be closed at once. */
  Close: {
    domain: 'Mintmark Channels',
    contract: 'PaymentChannels',
    members: [
      {name: 'channelId', type: 'bytes32'},
      {name: 'settled', type: uint256},
      {name: 'nonce', type: uint256},
      {name: 'deadline', type: uint256},
    ],
  },
  /** Units of a pass that a node may take so far. */
  PassUsage: {
    domain: 'Mintmark Passes',
    contract: 'AccessPass',
    members: [
      {name: 'passId', type: uint256},
      {name: 'cumulative', type: 'uint64'},
      {name: 'validUntil', type: 'uint64'},
      {name: 'node', type: 'address'},
      {name: 'receiptRoot', type: 'bytes32'},
    ],
  },
  /** Units of a gate's quota that a provider may take so far in an epoch. */
  Usage: {
    domain: 'Mintmark Quotas',
    contract: 'QuotaLedger',
    members: [
      {name: 'gateId', type: uint256},
      {name: 'versionId', type: uint256},
      {name: 'key', type: uint256},
      {name: 'epoch', type: uint256},
      {name: 'provider', type: 'address'},
      {name: 'cumulative', type: 'uint64'},
      {name: 'receiptRoot', type: 'bytes32'},
    ],
  },
  /** A price that a model's quoter offers to one buyer. */
  Quote: {
    domain: 'Mintmark Prices',
    contract: 'PriceBook',
    members: [
      {name: 'modelId', type: uint256},
      {name: 'versionId', type: uint256},
      {name: 'buyer', type: 'address'},
      {name: 'token', type: 'address'},
      {name: 'amount', type: uint256},
      {name: 'unit', type: 'uint8'},
      {name: 'units', type: uint256},
      {name: 'numDays', type: uint256},
      {name: 'nonce', type: uint256},
      {name: 'deadline', type: uint256},
    ],
  },
  /** What an attested enclave answered. */
  Result: {
    domain: 'Mintmark TEE',
    contract: 'TeeVerifier',
    members: [
      {name: 'measurement', type: 'bytes32'},
      {name: 'key', type: 'address'},
      {name: 'keyHash', type: 'bytes32'},
      {name: 'context', type: 'bytes32'},
      {name: 'instancesHash', type: 'bytes32'},
      {name: 'issuedAt', type: 'uint64'},
    ],
  },
} as const satisfies Record<string, {domain: string; contract: ContractName; members: readonly {name: string; type: string}[]}>;

export type Structure = keyof typeof structures;

type MemberOf<S extends Structure> = (typeof structures)[S]['members'][number];

/** The message of a structure: `{modelId: bigint, …}`. */
export type MessageOf<S extends Structure> = {
  [M in MemberOf<S> as M['name']]: AbiParametersToPrimitiveTypes<readonly [M]>[0];
};

/** Everything that `walletClient.signTypedData` takes but the account. */
export interface TypedData {
  domain: TypedDataDomain & {chainId: number; verifyingContract: Address};
  types: Record<string, readonly {name: string; type: string}[]>;
  primaryType: string;
  message: Record<string, unknown>;
}

export function typedDataOf<S extends Structure>(deployment: Deployment, structure: S, message: MessageOf<S>): TypedData {
  const {domain, contract, members} = structures[structure];
  return {
    domain: {name: domain, version: '1', chainId: deployment.chainId, verifyingContract: contractOf(deployment, contract).address},
    types: {[structure]: members},
    primaryType: structure,
    message,
  };
}

/** The 32 bytes that are signed. */
export function digestOf<S extends Structure>(deployment: Deployment, structure: S, message: MessageOf<S>): Hex {
  return hashTypedData(typedDataOf(deployment, structure, message) as Parameters<typeof hashTypedData>[0]);
}

/** PaymentChannels.channelIdOf. */
export function channelId(buyer: Address, provider: Address, token: Address): Hex {
  return keccak256(encodeAbiParameters([{type: 'address'}, {type: 'address'}, {type: 'address'}], [buyer, provider, token]));
}

/** The commitment of a request's input: Keccak-256 of its words, one after the other. */
export function inputCommitment(words: readonly bigint[]): Hex {
  return keccak256(encodeAbiParameters(words.map(() => ({type: 'uint256'})), words.slice()));
}

/** PaymentChannels.authorizationNonce: the ERC-3009 nonce that binds a deposit to its provider. */
export function authorizationNonce(provider: Address, salt: Hex): Hex {
  return keccak256(encodeAbiParameters([{type: 'address'}, {type: 'bytes32'}], [provider, salt]));
}
