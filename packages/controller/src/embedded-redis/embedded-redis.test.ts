import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { silentLogger } from '@mini-ecs/shared';
import test from 'ava';
import { Redis } from 'ioredis';
import { durabilityProblems } from './durability.ts';
import { EmbeddedRedis } from './embedded-redis.ts';

const log = silentLogger;

async function aDataDir(t: { teardown(fn: () => Promise<void>): void }): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'mecs-redis-'));
  t.teardown(() => rm(dataDir, { recursive: true, force: true }));
  return dataDir;
}

async function withClient<T>(socketPath: string, use: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis({ path: socketPath, retryStrategy: () => 20, maxRetriesPerRequest: null });
  redis.on('error', () => undefined);
  try {
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}

const processId = async (redis: Redis): Promise<number> => Number(/process_id:(\d+)/.exec(await redis.info('server'))?.[1]);

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

async function eventually(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + 30_000; performance.now() < deadline; await pause(20)) if (await check()) return;
  throw new Error(`not within 30 s: ${what}`);
}

test('it keeps every acknowledged write, on a socket that only its owner may use', async (t) => {
  const redis = await EmbeddedRedis.start({ dataDir: await aDataDir(t), log });
  t.teardown(() => redis.close());
  t.deepEqual(await durabilityProblems({ path: redis.socketPath }), []);
  t.is((await stat(redis.socketPath)).mode & 0o777, 0o700);
  t.is((await stat(join(redis.socketPath, '..'))).mode & 0o777, 0o700);
});

test('killed with -9 it is started again, with all that it had acknowledged', async (t) => {
  const redis = await EmbeddedRedis.start({ dataDir: await aDataDir(t), log });
  t.teardown(() => redis.close());
  const first = await withClient(redis.socketPath, async (client) => {
    await client.set('acknowledged', 'yes');
    return processId(client);
  });
  process.kill(first, 'SIGKILL');
  await eventually('the first process is gone', () => !isAlive(first));
  await withClient(redis.socketPath, async (client) => {
    t.is(await client.get('acknowledged'), 'yes');
    t.not(await processId(client), first);
  });
});

test('two controllers share one, the second adopts it, and only the last to leave stops it', async (t) => {
  const dataDir = await aDataDir(t);
  const [one, two] = await Promise.all([EmbeddedRedis.start({ dataDir, log }), EmbeddedRedis.start({ dataDir, log })]);
  const pid = await withClient(one.socketPath, processId);
  t.is(await withClient(two.socketPath, processId), pid);
  await one.close();
  t.is(await withClient(two.socketPath, processId), pid);
  await two.close();
  await eventually('the server is gone', () => !isAlive(pid));
});

test('when two controllers lose it at once, one of them starts it and both go on', async (t) => {
  const dataDir = await aDataDir(t);
  const both = await Promise.all([EmbeddedRedis.start({ dataDir, log }), EmbeddedRedis.start({ dataDir, log })]);
  const pid = await withClient(both[0].socketPath, processId);
  process.kill(pid, 'SIGKILL');
  await eventually('another one answers', async () => {
    const now = await withClient(both[0].socketPath, processId);
    return now !== pid && isAlive(now);
  });
  const next = await withClient(both[0].socketPath, processId);
  await Promise.all(both.map((redis) => redis.close()));
  await eventually('nobody is left', () => !isAlive(next));
  t.pass();
});

test('of two that leave at once, the last one stops it', async (t) => {
  const dataDir = await aDataDir(t);
  const both = await Promise.all([EmbeddedRedis.start({ dataDir, log }), EmbeddedRedis.start({ dataDir, log })]);
  const pid = await withClient(both[0].socketPath, processId);
  await Promise.all(both.map((redis) => redis.close()));
  await eventually('the server is gone', () => !isAlive(pid));
  t.pass();
});

test('a controller that leaves while it looks for a Redis it lost sight of still stops it, if it is the last', async (t) => {
  const dataDir = await aDataDir(t);
  const starter = await EmbeddedRedis.start({ dataDir, log });
  const { promise: lost, resolve: tellLost } = Promise.withResolvers<void>();
  const adopter = await EmbeddedRedis.start({ dataDir, log: { ...silentLogger, warn: () => tellLost() } });
  await starter.close();
  const pid = await withClient(adopter.socketPath, async (client) => {
    await client.call('CLIENT', 'KILL', 'TYPE', 'NORMAL', 'SKIPME', 'yes');
    return processId(client);
  });
  await lost;
  await adopter.close();
  await eventually('the server is gone', () => !isAlive(pid));
  t.pass();
});

test('a Redis that stands still while its last controller leaves is stopped when it goes on', async (t) => {
  const redis = await EmbeddedRedis.start({ dataDir: await aDataDir(t), log });
  const pid = await withClient(redis.socketPath, processId);
  process.kill(pid, 'SIGSTOP');
  const closed = redis.close();
  await pause(3_000);
  process.kill(pid, 'SIGCONT');
  await closed;
  await eventually('the server is gone', () => !isAlive(pid));
  t.pass();
});

test('a data directory whose path is too long for a socket is refused with what to do', async (t) => {
  const dataDir = join(await aDataDir(t), randomUUID(), randomUUID(), randomUUID());
  await t.throwsAsync(EmbeddedRedis.start({ dataDir, log }), { message: /choose a shorter MINI_ECS_DATA_DIR/ });
});
