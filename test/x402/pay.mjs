// A payer with the unmodified x402 packages of npm. Reads JSON from standard input, writes JSON.
//   {"do": "pay", "key", "url", "body"}        asks, pays when asked to, returns status, body, PAYMENT-RESPONSE
//                                               ("schemes": ["exact", "upto"] says what this payer knows)
//   {"do": "sign", "key", "terms", "changes"}  PAYMENT-SIGNATUREs for these terms, with the changes that an attacker makes
import { ExactEvmScheme } from "@x402/evm";
import { UptoEvmScheme } from "@x402/evm/upto/client";
import { decodePaymentResponseHeader, wrapFetchWithPaymentFromConfig } from "@x402/fetch";
import { privateKeyToAccount } from "viem/accounts";

let text = "";
for await (const piece of process.stdin) text += piece;
const wish = JSON.parse(text);
const account = privateKeyToAccount(wish.key);

async function pay() {
  const paying = wrapFetchWithPaymentFromConfig(fetch, {
    schemes: (wish.schemes ?? ["exact"]).map((name) => ({
      network: "eip155:*", client: name === "upto" ? new UptoEvmScheme(account) : new ExactEvmScheme(account),
    })),
    spendControls: { allowedAssets: true }, // the client pays in known tokens only, unless its user says so
  });
  const response = await paying(wish.url, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(wish.body),
  });
  const header = response.headers.get("PAYMENT-RESPONSE");
  const paid = header === null ? null : decodePaymentResponseHeader(header);
  return { status: response.status, body: await response.text(), paid };
}

async function sign(change) {
  const terms = { ...wish.terms, ...(change.terms ?? {}) };
  const now = Math.floor(Date.now() / 1000);
  const authorization = {
    from: account.address, to: terms.payTo, value: terms.amount, validAfter: "0",
    validBefore: String(now + terms.maxTimeoutSeconds),
    nonce: "0x" + Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("hex"),
    ...(change.authorization ?? {}),
  };
  const words = ["value", "validAfter", "validBefore"];
  const message = Object.fromEntries(Object.entries(authorization).map(([k, v]) => [k, words.includes(k) ? BigInt(v) : v]));
  const fields = [["from", "address"], ["to", "address"], ["value", "uint256"], ["validAfter", "uint256"],
    ["validBefore", "uint256"], ["nonce", "bytes32"]];
  const signature = await account.signTypedData({
    domain: { name: terms.extra.name, version: terms.extra.version, chainId: Number(terms.network.split(":")[1]),
      verifyingContract: terms.asset, ...(change.domain ?? {}) },
    types: { TransferWithAuthorization: fields.map(([name, type]) => ({ name, type })) },
    primaryType: "TransferWithAuthorization",
    message,
  });
  const accepted = { ...terms, ...(change.accepted ?? {}) };
  const payload = { x402Version: change.version ?? 2, accepted,
    payload: { signature: change.signature ?? signature, authorization: { ...authorization, ...(change.after ?? {}) } } };
  if (change.identifier !== undefined) {
    payload.extensions = { "payment-identifier": { info: { required: false, id: change.identifier } } };
  }
  return { header: Buffer.from(JSON.stringify(payload)).toString("base64"), payload };
}

const UPTO_PROXY = "0x4020A4f3b7b90ccA423B9fabCc0CE57C6C240002";
const PERMIT2 = "0x000000000022D473030F116dDEE9F6B43aC78BA3";
const typed = (fields) => fields.split(",").map((field) => ({ type: field.split(" ")[0], name: field.split(" ")[1] }));
const UPTO_TYPES = {
  PermitWitnessTransferFrom:
    typed("TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,Witness witness"),
  TokenPermissions: typed("address token,uint256 amount"),
  Witness: typed("address to,address facilitator,uint256 validAfter"),
};

async function signUpto(change) {
  const terms = { ...wish.terms, ...(change.terms ?? {}) };
  const now = Math.floor(Date.now() / 1000);
  const nonce = BigInt("0x" + Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("hex"));
  const authorization = {
    from: account.address, permitted: { token: terms.asset, amount: terms.amount, ...(change.permitted ?? {}) },
    spender: UPTO_PROXY, nonce: nonce.toString(), deadline: String(now + terms.maxTimeoutSeconds),
    ...(change.authorization ?? {}),
    witness: { to: terms.payTo, facilitator: terms.extra.facilitatorAddress, validAfter: "0", ...(change.witness ?? {}) },
  };
  const { from, ...message } = authorization;
  const signature = await account.signTypedData({
    domain: { name: "Permit2", chainId: Number(terms.network.split(":")[1]), verifyingContract: PERMIT2, ...(change.domain ?? {}) },
    types: UPTO_TYPES, primaryType: "PermitWitnessTransferFrom", message,
  });
  const payload = { x402Version: 2, accepted: { ...terms, ...(change.accepted ?? {}) },
    payload: { signature: change.signature ?? signature, permit2Authorization: { ...authorization, ...(change.after ?? {}) } } };
  return { header: Buffer.from(JSON.stringify(payload)).toString("base64"), payload };
}

const sign_one = wish.terms?.scheme === "upto" ? signUpto : sign;
console.log(JSON.stringify(wish.do === "pay" ? await pay() : await Promise.all(wish.changes.map(sign_one))));
