import {getAddress, isAddress, type Address} from 'viem';
import {abis} from './abi/index.js';

export type ContractName = keyof typeof abis;

/** The deployment file that `mintmark chain deploy` and contracts/script/Deploy.s.sol write. */
export interface Deployment {
  chainId: number;
  startBlock: number;
  contracts: Partial<Record<ContractName, Address>>;
}

/** Reads the JSON of a deployment file. Throws when it is of another format or an address has a wrong checksum. */
export function parseDeployment(text: string): Deployment {
  const value = JSON.parse(text) as {format?: unknown; chainId?: unknown; startBlock?: unknown; contracts?: unknown};
  if (value.format !== 1) throw new Error(`deployment format ${String(value.format)} is not known`);
  if (typeof value.chainId !== 'number' || typeof value.startBlock !== 'number') throw new Error('chainId or startBlock is missing');
  if (typeof value.contracts !== 'object' || value.contracts === null) throw new Error('contracts are missing');
  const contracts: Partial<Record<ContractName, Address>> = {};
  for (const [name, address] of Object.entries(value.contracts as Record<string, unknown>)) {
    if (!(name in abis)) continue; // of a newer deployment
    if (typeof address !== 'string' || !isAddress(address)) throw new Error(`${name}: ${String(address)} is no address`);
    contracts[name as ContractName] = getAddress(address);
  }
  return {chainId: value.chainId, startBlock: value.startBlock, contracts};
}

/** Address and typed ABI, as viem's actions take them: `client.readContract({...contractOf(d, 'AccessPass'), functionName, args})`. */
export function contractOf<Name extends ContractName>(deployment: Deployment, name: Name): {address: Address; abi: (typeof abis)[Name]} {
  const address = deployment.contracts[name];
  if (address === undefined) throw new Error(`the deployment has no ${name}`);
  return {address, abi: abis[name]};
}
