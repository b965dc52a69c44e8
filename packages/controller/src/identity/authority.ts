/**
 * The authority of an installation: it signs the certificates of controllers and of container instances, and nothing else is
 * trusted. Made by the first controller of a store and kept in it, its key sealed, so that all its controllers are one.
 */
import { sha256, type Clock } from '@mini-ecs/shared';
import { X509Certificate } from 'node:crypto';
import { globalPartition, type Store } from '../store/store.ts';
import {
  issueInstanceCertificate,
  issueServerCertificate,
  makeAuthority,
  newSerial,
  readSigner,
  type KeyAndCertificate,
} from './certificates.ts';
import type { IssuedCertificate } from '../domain/enrolment.ts';
import type { InstanceName } from './instance-name.ts';
import { backdatedMs } from './issued-certificate.ts';
import { SecretKeyError, type SecretSealer } from './sealed-secrets.ts';

export interface Authority {
  /** PEM */
  certificate: string;
  /** SHA-256 of the certificate, 64 hex digits: what join tokens carry. */
  fingerprint: string;
  /** Whether it signed a certificate, whatever its dates. */
  hasSigned(certificate: X509Certificate): boolean;
  issueServer(names: readonly string[], lifetimeMs: number): Promise<KeyAndCertificate & { expiresAt: number }>;
  /** What is recorded of a certificate before it is made. */
  plan(lifetimeMs: number): IssuedCertificate;
  /** In PEM. */
  issueInstance(name: InstanceName, publicKey: Uint8Array, planned: IssuedCertificate): Promise<string>;
}

export interface AuthorityOptions {
  store: Pick<Store, 'read' | 'put'>;
  sealer: SecretSealer;
  clock: Clock;
}

const recordId = 'authority';
const dayMs = 24 * 60 * 60 * 1000;
const authorityLifetimeMs = 20 * 365 * dayMs;

interface AuthorityDoc {
  certificate: string;
  sealedKey: string;
}

/** Throws SecretKeyError when the store's authority was sealed under another secret.key. */
export async function openAuthority(options: AuthorityOptions): Promise<Authority> {
  const { store, sealer, clock } = options;
  const { certificate, sealedKey } = (await readAuthority(store)) ?? (await foundAuthority(options));
  const key = sealer.unseal(sealedKey, recordId);
  if (key === undefined) {
    throw new SecretKeyError(
      "The store's authority was sealed under another secret.key than this controller's. Copy secret.key from the data directory of a controller that shares the store.",
    );
  }
  return authorityOf({ key, certificate }, clock);
}

async function readAuthority(store: Pick<Store, 'read'>): Promise<AuthorityDoc | undefined> {
  const [fields] = await store.read(globalPartition, 'authority', [recordId]);
  return fields && (JSON.parse(fields['doc'] ?? '{}') as AuthorityDoc);
}

/** Of several controllers that start at once on an empty store, the first one's holds. */
async function foundAuthority({ store, sealer, clock }: AuthorityOptions): Promise<AuthorityDoc> {
  const now = clock.now();
  const { key, certificate } = await makeAuthority({ from: now - backdatedMs, until: now + authorityLifetimeMs });
  const doc: AuthorityDoc = { certificate, sealedKey: sealer.seal(key, recordId) };
  const set = { doc: JSON.stringify(doc) };
  const result = await store.put({ partition: globalPartition, kind: 'authority', id: recordId, expect: 'absent', set });
  if (result.ok) return doc;
  return JSON.parse(result.actual?.['doc'] ?? '{}') as AuthorityDoc;
}

/** The authority of a key and its certificate. */
async function authorityOf(own: KeyAndCertificate, clock: Clock): Promise<Authority> {
  const signer = await readSigner(own);
  const certificate = new X509Certificate(own.certificate);
  return {
    certificate: own.certificate,
    fingerprint: sha256(certificate.raw),
    hasSigned: (other) => other.checkIssued(certificate) && other.verify(certificate.publicKey),
    async issueServer(names, lifetimeMs) {
      const expiresAt = wholeSecond(clock.now() + lifetimeMs);
      const issued = await issueServerCertificate(signer, names, { from: clock.now() - backdatedMs, until: expiresAt });
      return { ...issued, expiresAt };
    },
    plan(lifetimeMs) {
      const issuedAt = clock.now();
      return { serial: newSerial(), issuedAt, expiresAt: wholeSecond(issuedAt + lifetimeMs) };
    },
    issueInstance: (name, publicKey, { serial, issuedAt, expiresAt }) =>
      issueInstanceCertificate(signer, name, publicKey, {
        serial,
        validity: { from: issuedAt - backdatedMs, until: expiresAt },
      }),
  };
}

/** The next one: certificates have no fractions, and what is recorded of one must not outlive it. */
const wholeSecond = (ms: number): number => Math.ceil(ms / 1000) * 1000;
