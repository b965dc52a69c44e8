import { systemClock } from '@mini-ecs/shared';
import test, { type ExecutionContext } from 'ava';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryStore } from '../store/memory-store.ts';
import { globalPartition } from '../store/store.ts';
import { SecretKeyError } from '../identity/sealed-secrets.ts';
import { CredentialError, credentialsFile, openCredentials, parseAccessKey, type AccessKey } from './credentials.ts';

const aStore = (): MemoryStore => new MemoryStore({ clock: systemClock });

async function aDataDir(t: ExecutionContext): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'mini-ecs-credentials-'));
  t.teardown(() => rm(dataDir, { recursive: true, force: true }));
  return dataDir;
}

const printed = async (dataDir: string): Promise<AccessKey> =>
  JSON.parse(await readFile(credentialsFile(dataDir), 'utf8')) as AccessKey;

test('the first start makes a key that a later start and another controller of the data directory find', async (t) => {
  const [store, dataDir] = [aStore(), await aDataDir(t)];
  const first = await openCredentials({ store, dataDir });
  const key = await printed(dataDir);
  t.regex(key.accessKeyId, /^MECS[A-Z2-7]{16}$/);
  t.is(key.secretAccessKey.length, 40);
  t.deepEqual(await first.find(key.accessKeyId), key);
  const later = await openCredentials({ store, dataDir });
  t.deepEqual(await later.find(key.accessKeyId), key);
  t.deepEqual(await printed(dataDir), key);
});

test('controllers that start at once on one data directory agree on secret.key and on the key that is printed', async (t) => {
  const [store, dataDir] = [aStore(), await aDataDir(t)];
  const opened = await Promise.all(Array.from({ length: 4 }, () => openCredentials({ store, dataDir })));
  const key = await printed(dataDir);
  for (const credentials of opened) t.deepEqual(await credentials.find(key.accessKeyId), key);
});

test('a first start that ends as soon as its key is in the store leaves no key that nobody knows', async (t) => {
  const [store, dataDir] = [aStore(), await aDataDir(t)];
  const dying: Pick<MemoryStore, 'read' | 'put' | 'snapshot'> = {
    read: (...args) => store.read(...args),
    snapshot: (...args) => store.snapshot(...args),
    async put(command) {
      await store.put(command);
      throw new Error('killed');
    },
  };
  await t.throwsAsync(openCredentials({ store: dying, dataDir }), { message: 'killed' });
  const credentials = await openCredentials({ store, dataDir });
  const key = await printed(dataDir);
  t.deepEqual(await credentials.find(key.accessKeyId), key);
});

test('an unknown key is not found', async (t) => {
  const credentials = await openCredentials({ store: aStore(), dataDir: await aDataDir(t) });
  t.is(await credentials.find('AKIDNOBODY'), undefined);
});

test('a key given for the start is the one that holds, and takes a new secret', async (t) => {
  const [store, dataDir] = [aStore(), await aDataDir(t)];
  await openCredentials({ store, dataDir, bootstrap: 'AKIDGIVEN:first-secret' });
  const credentials = await openCredentials({ store, dataDir, bootstrap: 'AKIDGIVEN:with:colon' });
  t.deepEqual(await credentials.find('AKIDGIVEN'), { accessKeyId: 'AKIDGIVEN', secretAccessKey: 'with:colon' });
});

test('a key that leaked gets another secret, which is printed from then on; other keys keep what is printed', async (t) => {
  const [store, dataDir] = [aStore(), await aDataDir(t)];
  await openCredentials({ store, dataDir });
  const { accessKeyId } = await printed(dataDir);
  const replaced = { accessKeyId, secretAccessKey: 'another-secret' };
  await openCredentials({ store, dataDir, bootstrap: `${accessKeyId}:another-secret` });
  t.deepEqual(await printed(dataDir), replaced);
  await openCredentials({ store, dataDir, bootstrap: 'AKIDOTHER:its-secret' });
  t.deepEqual(await printed(dataDir), replaced);
  const credentials = await openCredentials({ store, dataDir });
  t.deepEqual(await credentials.find(accessKeyId), replaced);
});

test('a store that lost the key gets it back', async (t) => {
  const dataDir = await aDataDir(t);
  await openCredentials({ store: aStore(), dataDir });
  const key = await printed(dataDir);
  const credentials = await openCredentials({ store: aStore(), dataDir });
  t.deepEqual(await credentials.find(key.accessKeyId), key);
});

test('secrets are readable by their owner only, and nowhere in the store', async (t) => {
  const [store, dataDir] = [aStore(), await aDataDir(t)];
  await openCredentials({ store, dataDir });
  for (const file of ['secret.key', 'credentials.json']) t.is((await stat(join(dataDir, file))).mode & 0o777, 0o600);
  const { accessKeyId, secretAccessKey } = await printed(dataDir);
  const [fields] = await store.read(globalPartition, 'access-key', [accessKeyId]);
  t.truthy(fields);
  t.false(JSON.stringify(fields).includes(secretAccessKey));
});

test('a key stored under another secret.key is told, not mistaken for a wrong one', async (t) => {
  const store = aStore();
  await openCredentials({ store, dataDir: await aDataDir(t), bootstrap: 'AKIDFAR:made-elsewhere' });
  const here = await openCredentials({ store, dataDir: await aDataDir(t) });
  await t.throwsAsync(here.find('AKIDFAR'), { message: /another secret\.key/ });
});

test('a secret is bound to its key: moved to another id it does not open', async (t) => {
  const [store, dataDir] = [aStore(), await aDataDir(t)];
  const credentials = await openCredentials({ store, dataDir, bootstrap: 'AKIDONE:one-secret' });
  const [fields] = await store.read(globalPartition, 'access-key', ['AKIDONE']);
  await store.put({
    partition: globalPartition,
    kind: 'access-key',
    id: 'AKIDTWO',
    expect: 'absent',
    set: { doc: fields?.['doc'] ?? '' },
  });
  await t.throwsAsync(credentials.find('AKIDTWO'));
});

test('a malformed key says what is wrong and never tells the secret', (t) => {
  const cases: [string, RegExp][] = [
    ['no-colon-at-all', /<id>:<secret>; there is no colon/],
    [':secret-of-nobody', /id of the bootstrap access key must be 3 to 128 letters/],
    ['with space:secret-text', /id of the bootstrap access key/],
    ['AKID/SLASH:secret-text', /id of the bootstrap access key/],
    ['AKIDGOOD:', /secret of the bootstrap access key must be 4 to 128/],
    ['AKIDGOOD:has space in it', /secret of the bootstrap access key/],
  ];
  for (const [text, message] of cases) {
    const error = t.throws(() => parseAccessKey(text), { instanceOf: CredentialError, message });
    const secret = text.split(':')[1];
    if (secret) t.false(error.message.includes(secret));
  }
});

test('files of the data directory that are not what they should be are told by name', async (t) => {
  const dataDir = await aDataDir(t);
  await writeFile(join(dataDir, 'secret.key'), 'short');
  await t.throwsAsync(openCredentials({ store: aStore(), dataDir }), {
    instanceOf: SecretKeyError,
    message: /secret\.key must hold 32 bytes/,
  });
  const other = await aDataDir(t);
  await writeFile(credentialsFile(other), '{"accessKeyId":');
  await t.throwsAsync(openCredentials({ store: aStore(), dataDir: other }), {
    instanceOf: CredentialError,
    message: /credentials\.json must hold/,
  });
});
