/**
 * Secrets that live in the store encrypted (AES-256-GCM) under `secret.key`, a file of the data directory: who reads the
 * store can neither sign requests nor certificates. Controllers that share a store share that file.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

export interface SecretSealer {
  /** Base64 of nonce (12 bytes), authentication tag (16 bytes), ciphertext; bound to `owner`: under another one it does not open. */
  seal(secret: string, owner: string): string;
  /** undefined: it was sealed under another key, or for another owner. */
  unseal(sealed: string, owner: string): string | undefined;
}

/** `secret.key` cannot be used; `message` says what to do. */
export class SecretKeyError extends Error {
  override readonly name = 'SecretKeyError';
  readonly code = 'SECRET_KEY';
}

/** Makes the key file when there is none. */
export async function openSealer(dataDir: string): Promise<SecretSealer> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const key = await readOrMakeSecretKey(join(dataDir, 'secret.key'));
  return {
    seal(secret, owner) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(owner));
      const ciphertext = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), ciphertext]).toString('base64');
    },
    unseal(sealed, owner) {
      const bytes = Buffer.from(sealed, 'base64');
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), { authTagLength: 16 })
          .setAAD(Buffer.from(owner))
          .setAuthTag(bytes.subarray(12, 28));
        return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
      } catch {
        return undefined;
      }
    },
  };
}

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
  if (key.length !== 32) throw new SecretKeyError(`${path} must hold 32 bytes in base64; it holds ${key.length}.`);
  return key;
}

/** Makes a file, whole or not at all, durably, for the owner only. One that is there by then stays: another controller made it. */
export async function writePrivately(path: string, content: string): Promise<void> {
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
