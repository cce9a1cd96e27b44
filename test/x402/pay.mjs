// A payer with the unmodified x402 packages of npm. Reads JSON from standard input, writes JSON.
//   {"do": "pay", "key", "url", "body"}        asks, pays when asked to, returns status, body, PAYMENT-RESPONSE
//   {"do": "sign", "key", "terms", "changes"}  PAYMENT-SIGNATUREs for these terms, with the changes that an attacker makes
import { ExactEvmScheme } from "@x402/evm";
import { decodePaymentResponseHeader, wrapFetchWithPaymentFromConfig } from "@x402/fetch";
import { privateKeyToAccount } from "viem/accounts";

let text = "";
for await (const piece of process.stdin) text += piece;
const wish = JSON.parse(text);
const account = privateKeyToAccount(wish.key);

async function pay() {
  const paying = wrapFetchWithPaymentFromConfig(fetch, {
    schemes: [{ network: "eip155:*", client: new ExactEvmScheme(account) }],
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

console.log(JSON.stringify(wish.do === "pay" ? await pay() : await Promise.all(wish.changes.map(sign))));
