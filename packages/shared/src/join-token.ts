/**
 * What an operator hands a new host: `mecs1.<id>.<secret>.<fingerprint>`. The secret shows the cluster that the host may
 * join; the fingerprint shows the host that it speaks with the cluster's own controller before it tells the secret.
 */
import { hash, randomBytes } from 'node:crypto';

export interface JoinToken {
  /** 16 hex digits; tells nothing. */
  id: string;
  /** 32 random bytes in base64url */
  secret: string;
  /** SHA-256 of the authority's certificate (DER): 64 hex digits. */
  fingerprint: string;
}

const idForm = /^[0-9a-f]{16}$/;
const secretForm = /^[\w-]{43}$/;
const form = /^mecs1\.([0-9a-f]{16})\.([\w-]{43})\.([0-9a-f]{64})$/;

export const newJoinToken = (fingerprint: string): JoinToken => ({
  id: randomBytes(8).toString('hex'),
  secret: randomBytes(32).toString('base64url'),
  fingerprint,
});

export const formatJoinToken = ({ id, secret, fingerprint }: JoinToken): string => `mecs1.${id}.${secret}.${fingerprint}`;

/** undefined: it is none, or was cut short on the way. */
export function parseJoinToken(text: string): JoinToken | undefined {
  const [, id, secret, fingerprint] = form.exec(text.trim()) ?? [];
  return id && secret && fingerprint ? { id, secret, fingerprint } : undefined;
}

/** Of what came over the network, before anything is done with it. */
export const isJoinTokenId = (text: string): boolean => idForm.test(text);

export const isJoinTokenSecret = (text: string): boolean => secretForm.test(text);

/** SHA-256 in hex: the fingerprint of a certificate (DER), and what is kept of a secret. */
export const sha256 = (bytes: Uint8Array | string): string => hash('sha256', bytes);
