/**
 * Access keys. A key is a record of the global partition whose secret is encrypted (AES-256-GCM) under `secret.key`, a file of
 * the data directory: who reads the store cannot sign requests. Controllers that share a store share that file.
 *
 * The first key is made on the first start, or given (`MINI_ECS_BOOTSTRAP_ACCESS_KEY`). It is also left in `credentials.json`
 * of the data directory, readable by its owner only, so that `mini-ecs env` can print it; a store that lost it gets it back.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
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

/** Throws CredentialError for a malformed bootstrap key or key file. */
export async function openCredentials({ store, dataDir, bootstrap }: CredentialOptions): Promise<CredentialStore> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const cipher = secretCipher(await readOrMakeSecretKey(join(dataDir, 'secret.key')));
  const given = bootstrap === undefined ? undefined : parseAccessKey(bootstrap);
  const kept = await readCredentialsFile(credentialsFile(dataDir));
  if (given) await putAccessKey(store, cipher, given, 'any');
  if (kept) await putAccessKey(store, cipher, kept, 'absent');
  if (!kept) {
    const first = given ?? ((await hasAccessKeys(store)) ? undefined : newAccessKey());
    if (first) {
      if (!given) await putAccessKey(store, cipher, first, 'absent');
      await writePrivately(credentialsFile(dataDir), `${JSON.stringify(first, undefined, 2)}\n`);
    }
  }
  return cachedCredentials(store, cipher);
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

async function hasAccessKeys(store: Pick<Store, 'snapshot'>): Promise<boolean> {
  for await (const records of store.snapshot(globalPartition)) {
    if (records.some(({ kind }) => kind === 'access-key')) return true;
  }
  return false;
}

async function putAccessKey(
  store: Pick<Store, 'put'>,
  cipher: SecretCipher,
  key: AccessKey,
  expect: 'absent' | 'any',
): Promise<void> {
  const doc = JSON.stringify({ secret: cipher.encrypt(key) });
  await store.put({ partition: globalPartition, kind: 'access-key', id: key.accessKeyId, expect, set: { doc } });
}

function cachedCredentials(store: Pick<Store, 'read'>, cipher: SecretCipher): CredentialStore {
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
      const key = { accessKeyId, secretAccessKey: cipher.decrypt(accessKeyId, secret) };
      known.set(accessKeyId, { key, readAt: performance.now() });
      return key;
    },
  };
}

// ── encryption ──

interface SecretCipher {
  encrypt(key: AccessKey): string;
  decrypt(accessKeyId: string, encrypted: string): string;
}

/** Base64 of nonce (12 bytes), authentication tag (16 bytes), ciphertext; bound to the key's id. */
function secretCipher(secretKey: Buffer): SecretCipher {
  return {
    encrypt({ accessKeyId, secretAccessKey }) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', secretKey, nonce).setAAD(Buffer.from(accessKeyId));
      const ciphertext = Buffer.concat([cipher.update(secretAccessKey, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), ciphertext]).toString('base64');
    },
    decrypt(accessKeyId, encrypted) {
      const bytes = Buffer.from(encrypted, 'base64');
      try {
        const decipher = createDecipheriv('aes-256-gcm', secretKey, bytes.subarray(0, 12), { authTagLength: 16 })
          .setAAD(Buffer.from(accessKeyId))
          .setAuthTag(bytes.subarray(12, 28));
        return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
      } catch {
        throw new ApiError(
          'ServiceUnavailableException',
          `Access key ${accessKeyId} was stored under another secret.key than this controller's. Copy secret.key from the data directory of the controller that made it.`,
        );
      }
    },
  };
}

// ── files ──

async function readOrMakeSecretKey(path: string): Promise<Buffer> {
  try {
    return parseSecretKey(await readFile(path, 'utf8'), path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  await writePrivately(path, `${randomBytes(32).toString('base64')}\n`);
  return parseSecretKey(await readFile(path, 'utf8'), path);
}

function parseSecretKey(content: string, path: string): Buffer {
  const key = Buffer.from(content.trim(), 'base64');
  if (key.length !== 32) throw new CredentialError(`${path} must hold 32 bytes in base64; it holds ${key.length}.`);
  return key;
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

/** Makes a file, whole or not at all, durably, for the owner only. One that is there by then stays: another controller made it. */
async function writePrivately(path: string, content: string): Promise<void> {
  const temporary = `${path}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
    await link(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await file.close();
    await rm(temporary, { force: true });
  }
}
