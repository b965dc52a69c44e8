/**
 * Access keys. A key is a record of the global partition whose secret is sealed (identity/sealed-secrets.ts).
 *
 * The first key is made on the first start, or given (`MINI_ECS_BOOTSTRAP_ACCESS_KEY`). It is also left in `credentials.json`
 * of the data directory, readable by its owner only, so that `mini-ecs env` can print it; a store that lost it gets it back.
 */
import { randomBytes } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openSealer, writePrivately, type SecretSealer } from '../identity/sealed-secrets.ts';
import type { Store } from '../store/store.ts';
import { globalPartition } from '../store/store.ts';
import { ApiError } from './api-error.ts';

export interface AccessKey {
  accessKeyId: string;
  secretAccessKey: string;
}

export interface CredentialStore {
  /** undefined: no such key. Throws ServiceUnavailableException for a key that this controller cannot decrypt. */
  find(accessKeyId: string): Promise<AccessKey | undefined>;
}

export interface CredentialOptions {
  store: Pick<Store, 'read' | 'put' | 'snapshot'>;
  dataDir: string;
  /** `<id>:<secret>` */
  bootstrap?: string | undefined;
}

/** Something about the keys that the operator has to put right; `message` says what. */
export class CredentialError extends Error {
  override readonly name = 'CredentialError';
  readonly code = 'CREDENTIALS';
}

/** How long a key read from the store is used before it is read again. */
const rereadAfterMs = 30_000;

export const credentialsFile = (dataDir: string): string => join(dataDir, 'credentials.json');

/** Throws CredentialError for a malformed bootstrap key or credentials file. */
export async function openCredentials({ store, dataDir, bootstrap }: CredentialOptions): Promise<CredentialStore> {
  const sealer = await openSealer(dataDir);
  const given = bootstrap === undefined ? undefined : parseAccessKey(bootstrap);
  const kept = (await keptKey(dataDir, given)) ?? (await firstKey(store, dataDir, given));
  if (given) await putAccessKey(store, sealer, given, 'any');
  if (kept) await putAccessKey(store, sealer, kept, 'absent');
  return cachedCredentials(store, sealer);
}

// ── keys ──

/** `<id>:<secret>`. Throws CredentialError, which never tells the secret. */
export function parseAccessKey(text: string): AccessKey {
  const colon = text.indexOf(':');
  if (colon === -1) throw new CredentialError('The bootstrap access key must be <id>:<secret>; there is no colon in it.');
  const [accessKeyId, secretAccessKey] = [text.slice(0, colon), text.slice(colon + 1)];
  if (!/^[A-Za-z0-9_]{3,128}$/.test(accessKeyId)) {
    throw new CredentialError('The id of the bootstrap access key must be 3 to 128 letters, digits and underscores.');
  }
  if (!/^[\x21-\x7e]{4,128}$/.test(secretAccessKey)) {
    throw new CredentialError('The secret of the bootstrap access key must be 4 to 128 printable characters without spaces.');
  }
  return { accessKeyId, secretAccessKey };
}

/** An id of 20 characters and a secret of 40, as AWS's are. */
function newAccessKey(): AccessKey {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const characters = [...randomBytes(16)].map((byte) => alphabet[byte % alphabet.length]).join('');
  return { accessKeyId: `MECS${characters}`, secretAccessKey: randomBytes(30).toString('base64') };
}

/**
 * Into the file before it is put into the store: a controller that dies between the two leaves no key that nobody can read. Of several
 * that start at once one writes the file, and all take what is in it. undefined: the store has keys, made elsewhere.
 */
async function firstKey(
  store: Pick<Store, 'snapshot'>,
  dataDir: string,
  given: AccessKey | undefined,
): Promise<AccessKey | undefined> {
  if (!given && (await hasAccessKeys(store))) return undefined;
  await writePrivately(credentialsFile(dataDir), `${JSON.stringify(given ?? newAccessKey(), undefined, 2)}\n`);
  return readCredentialsFile(credentialsFile(dataDir));
}

async function hasAccessKeys(store: Pick<Store, 'snapshot'>): Promise<boolean> {
  for await (const records of store.snapshot(globalPartition)) {
    if (records.some(({ kind }) => kind === 'access-key')) return true;
  }
  return false;
}

async function putAccessKey(
  store: Pick<Store, 'put'>,
  sealer: SecretSealer,
  key: AccessKey,
  expect: 'absent' | 'any',
): Promise<void> {
  const doc = JSON.stringify({ secret: sealer.seal(key.secretAccessKey, key.accessKeyId) });
  await store.put({ partition: globalPartition, kind: 'access-key', id: key.accessKeyId, expect, set: { doc } });
}

function cachedCredentials(store: Pick<Store, 'read'>, sealer: SecretSealer): CredentialStore {
  const known = new Map<string, { key: AccessKey; readAt: number }>();
  return {
    async find(accessKeyId) {
      const cached = known.get(accessKeyId);
      if (cached && performance.now() - cached.readAt < rereadAfterMs) return cached.key;
      const [fields] = await store.read(globalPartition, 'access-key', [accessKeyId]);
      if (!fields) {
        known.delete(accessKeyId);
        return undefined;
      }
      const { secret } = JSON.parse(fields['doc'] ?? '{}') as { secret: string };
      const key = { accessKeyId, secretAccessKey: unseal(sealer, accessKeyId, secret) };
      known.set(accessKeyId, { key, readAt: performance.now() });
      return key;
    },
  };
}

function unseal(sealer: SecretSealer, accessKeyId: string, sealed: string): string {
  const secret = sealer.unseal(sealed, accessKeyId);
  if (secret !== undefined) return secret;
  throw new ApiError(
    'ServiceUnavailableException',
    `Access key ${accessKeyId} was stored under another secret.key than this controller's. Copy secret.key from the data directory of the controller that made it.`,
  );
}

// ── the file ──

/** The key in the file. One whose id is given with another secret was replaced, because it leaked: the file makes way for that one. */
async function keptKey(dataDir: string, given: AccessKey | undefined): Promise<AccessKey | undefined> {
  const kept = await readCredentialsFile(credentialsFile(dataDir));
  if (kept?.accessKeyId !== given?.accessKeyId || kept?.secretAccessKey === given?.secretAccessKey) return kept;
  await rm(credentialsFile(dataDir), { force: true });
  return undefined;
}

async function readCredentialsFile(path: string): Promise<AccessKey | undefined> {
  const content = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (content === undefined) return undefined;
  try {
    const { accessKeyId, secretAccessKey } = JSON.parse(content) as AccessKey;
    return parseAccessKey(`${accessKeyId}:${secretAccessKey}`);
  } catch {
    throw new CredentialError(
      `${path} must hold {"accessKeyId": "…", "secretAccessKey": "…"}. Put it right, or remove it and give MINI_ECS_BOOTSTRAP_ACCESS_KEY.`,
    );
  }
}
