// Verifies the Ed25519 signature of a callback, from what arrived on the wire alone.
// Used by callbacks.mjs; written from the protocol's description, not from the product's code.

import crypto from 'node:crypto';

/** What stands before the 32 raw bytes in the DER form (SubjectPublicKeyInfo) of an Ed25519 key. */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const KEY_BYTES = 32;
/** Standard alphabet and padded: 64 bytes are 86 characters and two of padding. */
const SIGNATURE_FORMAT = /^[A-Za-z0-9+/]{86}==$/;

/** A key from the base64 of its raw bytes, as the platform publishes it; throws if it is none. */
export function publicKeyFrom(base64) {
  const raw = Buffer.from(base64, 'base64');
  if (raw.length !== KEY_BYTES || raw.toString('base64') !== base64) {
    throw new Error('publicKey is not standard base64 of 32 bytes');
  }
  return crypto.createPublicKey({
    key: Buffer.concat([SPKI_PREFIX, raw]),
    format: 'der',
    type: 'spki',
  });
}

/**
 * The exact bytes a callback's signature covers. Node decodes request line and headers as latin1,
 * so encoding them as latin1 gives back the bytes that were sent.
 */
export function signedPayload({ method, scheme, host, target, date, body }) {
  const head = `(method):${method}\r\n(url):${scheme}://${host}${target}\r\n(Date):${date}\r\n(body):`;
  return Buffer.concat([Buffer.from(head, 'latin1'), body]);
}

/** `valid`, `invalid`, `missing` (no header), or `unverified` (no key to verify with). */
export function verdict(publicKey, payload, signature) {
  if (signature === undefined) return 'missing';
  if (publicKey === null) return 'unverified';
  if (!SIGNATURE_FORMAT.test(signature)) return 'invalid';
  const bytes = Buffer.from(signature, 'base64');
  return crypto.verify(null, payload, publicKey, bytes) ? 'valid' : 'invalid';
}
