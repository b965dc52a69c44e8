/**
 * Runs one contract against both stores: each test gets an empty store of its own (in Redis a key prefix of its own) with an
 * ACTIVE cluster, and writes in the words of the store's commands.
 */
import { silentLogger, systemClock } from '@mini-ecs/shared';
import test, { type ExecutionContext } from 'ava';
import { Redis } from 'ioredis';
import { MemoryStore } from '../../packages/controller/src/store/memory-store.ts';
import { RedisStore } from '../../packages/controller/src/store/redis-store.ts';
import type {
  BindRefusal,
  CommitService,
  Fields,
  NewTask,
  Partition,
  Store,
  StopTask,
  StoredRecord,
} from '../../packages/controller/src/store/store.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { stateInMemory, stateInRedis } from './whole-state.ts';

export const cluster = 'orders';
/** A lease that outlives the test. */
export const longLease = 3_600_000;

let redis: TestRedis | undefined;
let prefixes = 0;

/** One Redis for every test of a file; started when first needed. */
test.before(async () => {
  redis = await startTestRedis({ appendfsync: 'no' });
});
test.after.always(() => redis?.stop());

export interface StoreOptions {
  feedLength?: number;
}

const makers: Record<string, (options: StoreOptions) => Promise<Store>> = {
  Redis: (options) => {
    prefixes += 1;
    return RedisStore.connect({ url: redis!.url, keyPrefix: `test-${prefixes}`, log: silentLogger, ...options });
  },
  memory: async (options) => new MemoryStore({ clock: systemClock, ...options }),
};

export const makeStore = (kind: 'Redis' | 'memory', options: StoreOptions = {}): Promise<Store> => makers[kind]!(options);

/** A store of each kind, both empty, and all that each of them holds. The one in Redis is alone there. */
export async function makeTwins() {
  prefixes += 1;
  const keyPrefix = `test-${prefixes}`;
  const raw = new Redis(redis!.url);
  await raw.flushall();
  const inRedis = await RedisStore.connect({ url: redis!.url, keyPrefix, log: silentLogger });
  const inMemory = new MemoryStore({ clock: systemClock });
  return {
    inRedis,
    inMemory,
    stateOfBoth: async (partition: Partition) => ({
      redis: await stateInRedis(raw, keyPrefix, partition),
      memory: stateInMemory(inMemory.partition(partition)),
    }),
    async close() {
      raw.disconnect();
      await Promise.all([inRedis.close(), inMemory.close()]);
    },
  };
}

/** A sentence that holds for both stores. */
export function bothStores(
  sentence: string,
  body: (t: ExecutionContext, store: Store) => Promise<void>,
  options: StoreOptions = {},
): void {
  for (const [kind, make] of Object.entries(makers)) {
    test(`${kind}: ${sentence}`, async (t) => {
      const store = await make(options);
      try {
        await createCluster(store);
        await body(t, store);
      } finally {
        await store.close();
      }
    });
  }
}

// ── the cluster that tests begin with ──

export const createCluster = (store: Store, name = cluster) =>
  store.put({ partition: name, kind: 'cluster', id: name, expect: 'absent', set: { doc: '{}', status: 'ACTIVE' } });

export const createService = (store: Store, name = 'web') =>
  store.put({
    partition: cluster,
    kind: 'service',
    id: name,
    expect: 'absent',
    set: { doc: '{}', status: 'ACTIVE' },
    raise: ['specVersion'],
  });

export const openSession = (
  store: Store,
  instance: string,
  more: { session?: string; leaseMs?: number; cpu?: number; memory?: number; ports?: string; register?: boolean } = {},
) => {
  const { session = 'session-1', leaseMs = longLease, cpu = 1_000, memory = 1_000, ports = ',22/tcp,', register = true } = more;
  return store.openSession({
    cluster,
    instance,
    session,
    doc: `{"of":"${session}"}`,
    resources: { cpu, memory, ports },
    register,
    leaseMs,
  });
};

export const aTask = (id: string, fields: Fields = {}): NewTask => ({
  id,
  fields: {
    doc: '{}',
    desired: '{"desiredStatus":"RUNNING"}',
    observed: '{"lastStatus":"PROVISIONING"}',
    tags: '{}',
    lastStatus: 'PROVISIONING',
    rank: '0',
    desiredStatus: 'RUNNING',
    service: '',
    request: '',
    cpu: '100',
    memory: '100',
    ports: '',
    ...fields,
  },
});

export const createTasks = (store: Store, ...tasks: NewTask[]) => store.createTasks({ cluster, tasks });

/** Binds each task to the instance; why each was refused. */
export const bind = async (store: Store, instance: string, ...tasks: string[]): Promise<(BindRefusal | undefined)[]> => {
  const bindings = tasks.map((task) => ({ task, instance }));
  return (await store.commitPlacement({ cluster, now: 5_000, bind: bindings, withdraw: [], serviceRefusals: [] })).refused;
};

const ranks: Record<string, number> = {
  PROVISIONING: 0,
  PENDING: 1,
  ACTIVATING: 2,
  RUNNING: 3,
  DEACTIVATING: 4,
  STOPPING: 5,
  DEPROVISIONING: 6,
  STOPPED: 7,
};

export const report = (store: Store, instance: string, statuses: Record<string, string>, session = 'session-1') =>
  store.reportStatus({
    cluster,
    instance,
    session,
    now: 9_000,
    reports: Object.entries(statuses).map(([task, lastStatus]) => ({
      task,
      lastStatus,
      rank: ranks[lastStatus]!,
      health: 'UNKNOWN',
      observed: `{"lastStatus":"${lastStatus}"}`,
    })),
  });

export const aStop = (id: string, reason = 'asked'): StopTask => ({
  id,
  desired: `{"desiredStatus":"STOPPED","stoppedReason":"${reason}"}`,
  observedIfUnplaced: '{"lastStatus":"STOPPED"}',
});

export const stop = (store: Store, ...ids: string[]) =>
  store.stopTasks({ cluster, tasks: ids.map((id) => aStop(id)), now: 7_000 });

type Decision = Partial<Omit<CommitService, 'expect'>> & {
  expect: Omit<CommitService['expect'], 'stateVersion'> & { stateVersion?: number };
};
export const commitService = (store: Store, { expect, ...changes }: Decision) =>
  store.commitService({
    cluster,
    service: 'web',
    state: '{}',
    create: [],
    stop: [],
    now: 8_000,
    expect: { stateVersion: 0, ...expect },
    ...changes,
  });

// ── what a test looks at ──

export const taskOf = async (store: Store, id: string): Promise<Fields | undefined> =>
  (await store.read(cluster, 'task', [id]))[0];
export const instanceOf = async (store: Store, id: string): Promise<Fields | undefined> =>
  (await store.read(cluster, 'instance', [id]))[0];
export const serviceOf = async (store: Store, id = 'web'): Promise<Fields | undefined> =>
  (await store.read(cluster, 'service', [id]))[0];

export const hintsOf = async (store: Store): Promise<string[]> => (await store.hints(cluster)).sort();

/** Every record of a partition, in an order of its own. */
export async function dump(store: Store, partition: Partition = cluster): Promise<StoredRecord[]> {
  const records: StoredRecord[] = [];
  for await (const chunk of store.snapshot(partition)) records.push(...chunk);
  return records.sort((a, b) => (`${a.kind}/${a.id}` < `${b.kind}/${b.id}` ? -1 : 1));
}

/** The answer of `attempt` once it answers something; it is asked again until then, for at most 30 s. */
export async function eventually<T>(what: string, attempt: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + 30_000;
  while (Date.now() < deadline) {
    const answer = await attempt();
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${what}: not within 30 s`);
}

/** Sweeps until nobody is spared any more: the first sweep of a cluster begins a pause. */
export const judging = (store: Store, leaseMs: number) =>
  eventually('the judgement pause ends', async () => {
    const swept = await store.sweepLeases({ cluster, leaseMs, periodMs: 60_000, holderSilenceMs: 5_000 });
    return swept.pausedForMs === 0 ? swept : undefined;
  });
