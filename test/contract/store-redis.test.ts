/** What only the store in Redis can show: restarts, absence, several controllers, keys. */
import { silentLogger } from '@mini-ecs/shared';
import test from 'ava';
import { Redis } from 'ioredis';
import { redisOptions } from '../../packages/controller/src/store/redis-connection.ts';
import { RedisStore } from '../../packages/controller/src/store/redis-store.ts';
import {
  StoreUnavailableError,
  StoreVersionError,
  globalPartition,
  type Store,
} from '../../packages/controller/src/store/store.ts';
import { startTestRedis } from '../support/redis.ts';
import {
  aTask,
  bind,
  cluster,
  createCluster,
  createService,
  createTasks,
  eventually,
  openSession,
  report,
  serviceOf,
  stop,
  taskOf,
} from './store-under-test.ts';

const connect = (url: string) => RedisStore.connect({ url, log: silentLogger });

/** Creates one task after the other and notes the acknowledged ones; those that Redis's death took are let go. */
async function writeUntil(signal: AbortSignal, store: Store, acknowledged: string[]): Promise<void> {
  for (let i = 0; !signal.aborted; i++) {
    const created = await createTasks(store, aTask(`t${i}`)).catch((error: unknown) => {
      if (!(error instanceof StoreUnavailableError)) throw error;
    });
    if (created?.ok) acknowledged.push(`t${i}`);
  }
}

test('nothing acknowledged is lost when Redis is killed, and the store goes on by itself', async (t) => {
  const redis = await startTestRedis();
  const store = await connect(redis.url);
  try {
    await createCluster(store);
    const acknowledged: string[] = [];
    const writing = new AbortController();
    const writer = writeUntil(writing.signal, store, acknowledged);
    for (let restarts = 0; restarts < 3; restarts++) {
      const enough = acknowledged.length + 20;
      await eventually('20 more writes', async () => (acknowledged.length >= enough ? true : undefined));
      await redis.restart();
    }
    writing.abort();
    await writer;
    const records = await store.read(cluster, 'task', acknowledged);
    t.true(acknowledged.length >= 60);
    t.false(records.includes(undefined));
  } finally {
    await store.close();
    await redis.stop();
  }
});

test('waiting for changes survives a restart of Redis', async (t) => {
  const redis = await startTestRedis();
  const store = await connect(redis.url);
  try {
    await createCluster(store);
    const waiting = store.waitForChanges(new Map([[cluster, await store.feedEnd(cluster)]]), 20_000);
    await redis.restart();
    await createService(store);
    t.deepEqual(await waiting, [cluster]);
  } finally {
    await store.close();
    await redis.stop();
  }
});

test('with Redis away a command fails in seconds, saying so, and works again when Redis is back', async (t) => {
  const redis = await startTestRedis();
  const store = await connect(redis.url);
  try {
    await createCluster(store);
    await redis.kill();
    const began = performance.now();
    const failure = await t.throwsAsync(createService(store), { instanceOf: StoreUnavailableError, code: 'STORE_UNAVAILABLE' });
    t.regex(failure.message, /^Redis at .*redis\.sock does not answer: /);
    t.true(performance.now() - began < 20_000);
    await redis.start();
    t.true((await createService(store)).ok);
  } finally {
    await store.close();
    await redis.stop();
  }
});

test('a store that cannot be reached says where it looked', async (t) => {
  await t.throwsAsync(connect('/nowhere/redis.sock'), {
    instanceOf: StoreUnavailableError,
    message: /^Redis at \/nowhere\/redis\.sock/,
  });
});

test('a closed store answers nobody', async (t) => {
  const redis = await startTestRedis();
  const store = await connect(redis.url);
  const waiting = store.waitForChanges(new Map([[cluster, 0]]), 60_000);
  await store.close();
  t.deepEqual(await waiting, []);
  await t.throwsAsync(store.feedEnd(cluster), { instanceOf: StoreUnavailableError });
  await redis.stop();
});

test('two controllers share one store: what one writes wakes the other', async (t) => {
  const redis = await startTestRedis();
  const [one, other] = [await connect(redis.url), await connect(redis.url)];
  try {
    t.deepEqual(await one.identity(), await other.identity());
    await createCluster(one);
    const waiting = other.waitForChanges(new Map([[cluster, await other.feedEnd(cluster)]]), 20_000);
    await createService(one);
    t.deepEqual(await waiting, [cluster]);
    t.like(await serviceOf(other), { status: 'ACTIVE' });
  } finally {
    await Promise.all([one.close(), other.close()]);
    await redis.stop();
  }
});

test('a store of a newer schema is refused', async (t) => {
  const redis = await startTestRedis();
  const store = await connect(redis.url);
  const raw = new Redis(redis.url);
  try {
    await store.identity();
    await raw.hset(`mini-ecs:{${globalPartition}}:identity`, 'schemaVersion', 2);
    await t.throwsAsync(store.identity(), { instanceOf: StoreVersionError, code: 'STORE_VERSION' });
  } finally {
    raw.disconnect();
    await store.close();
    await redis.stop();
  }
});

test('every key of a cluster carries its hash tag', async (t) => {
  const redis = await startTestRedis();
  const store = await connect(redis.url);
  const raw = new Redis(redis.url);
  try {
    await createCluster(store);
    await createService(store);
    await openSession(store, 'i1');
    const token = { token: 'once', requestHash: 'h', requestId: 'r' };
    await store.createTasks({ cluster, tasks: [aTask('a', { service: 'web' }), aTask('b'), aTask('c')], token });
    await bind(store, 'i1', 'a');
    const withdraw = [{ task: 'b', requestId: 'r', refusal: '{}' }];
    await store.commitPlacement({ cluster, now: 1, bind: [], withdraw, serviceRefusals: [] });
    await report(store, 'i1', { a: 'RUNNING' });
    await stop(store, 'c');
    await store.sweepLeases({ cluster, leaseMs: 1, periodMs: 1, holderSilenceMs: 5_000 });
    const keys = await raw.keys('*');
    t.true(keys.length > 10);
    t.deepEqual(
      keys.filter((key) => !key.startsWith(`mini-ecs:{${cluster}}:`)),
      [],
    );
    const temporary = ['token:once', 'refusals:r'].map((name) => raw.pttl(`mini-ecs:{${cluster}}:${name}`));
    for (const ttl of await Promise.all(temporary)) t.true(ttl > 86_000_000 && ttl <= 86_400_000);
    t.is((await taskOf(store, 'a'))?.['lastStatus'], 'RUNNING');
  } finally {
    raw.disconnect();
    await store.close();
    await redis.stop();
  }
});

test('URLs of every kind of Redis become connection options', (t) => {
  t.deepEqual(redisOptions('/run/redis.sock'), { path: '/run/redis.sock' });
  t.deepEqual(redisOptions('unix:///run/redis.sock'), { path: '/run/redis.sock' });
  t.deepEqual(redisOptions('redis://10.0.0.1'), { host: '10.0.0.1', port: 6379 });
  t.deepEqual(redisOptions('redis://me:p%40ss@[::1]:7000/2'), {
    host: '::1',
    port: 7000,
    username: 'me',
    password: 'p@ss',
    db: 2,
  });
  t.like(redisOptions('rediss://cache.example'), { host: 'cache.example', tls: {} });
  t.throws(() => redisOptions('http://10.0.0.1'), { message: /Not the URL of a Redis/ });
});
