/**
 * RedisStore and MemoryStore are twins: any sequence of commands gets the same answers from both, and leaves the same records,
 * hints and feed behind. What Redis's own clock writes is compared by being there.
 */
import fc from 'fast-check';
import test from 'ava';
import assert from 'node:assert/strict';
import type { Fields, Store } from '../../packages/controller/src/store/store.ts';
import {
  aStop,
  aTask,
  bind,
  cluster,
  createCluster,
  createService,
  createTasks,
  dump,
  longLease,
  makeStore,
  openSession,
} from './store-under-test.ts';

interface Command {
  toString(): string;
  run(store: Store): Promise<unknown>;
}

const command = <T>(
  name: string,
  input: fc.Arbitrary<T>,
  run: (store: Store, input: T) => Promise<unknown>,
): fc.Arbitrary<Command> =>
  input.map((given) => ({ toString: () => `${name}(${JSON.stringify(given)})`, run: (store) => run(store, given) }));

// Few of each, so that commands meet on the same records.
const taskId = fc.constantFrom('t0', 't1', 't2', 't3', 't4', 't5');
const instanceId = fc.constantFrom('i0', 'i1');
const serviceId = fc.constantFrom('web', 'api');
const session = fc.constantFrom('s0', 's0', 's0', 's1');
const now = fc.integer({ min: 1, max: 9 });
const ports = fc.constantFrom('', ',80/tcp,', ',80/udp,81/tcp,', ',22/tcp,');
const status = fc.constantFrom('PENDING', 'RUNNING', 'STOPPING', 'STOPPED');
const health = fc.constantFrom('UNKNOWN', 'HEALTHY', 'UNHEALTHY');
const ranks = { PENDING: 1, RUNNING: 3, STOPPING: 5, STOPPED: 7 };

const newTask = fc
  .record({ id: taskId, service: fc.constantFrom('', 'web', 'api'), size: fc.constantFrom('0', '100', '400'), ports })
  .map(({ id, service, size, ports }) => aTask(id, { service, cpu: size, memory: size, ports }));
const taskStop = fc.tuple(taskId, fc.constantFrom('x', 'y')).map(([id, reason]) => aStop(id, reason));
const newTasks = fc.array(newTask, { minLength: 1, maxLength: 4 });
const taskStops = fc.array(taskStop, { maxLength: 2 });

const recordCommands = [
  command(
    'put service',
    fc.record({ id: serviceId, status: fc.constantFrom('ACTIVE', 'DRAINING', 'INACTIVE') }),
    (store, { id, status }) =>
      store.put({
        partition: cluster,
        kind: 'service',
        id,
        expect: 'any',
        set: { doc: '{}', status },
        raise: ['specVersion'],
        hints: [`service/${id}`],
      }),
  ),
  command('put instance', fc.record({ id: instanceId, status: fc.constantFrom('ACTIVE', 'DRAINING') }), (store, { id, status }) =>
    store.put({
      partition: cluster,
      kind: 'instance',
      id,
      expect: { status: 'ACTIVE' },
      set: { status, tags: '{}' },
      unset: ['attributes'],
    }),
  ),
  command('put task', taskId, (store, id) =>
    store.put({ partition: cluster, kind: 'task', id, expect: 'any', set: { tags: '{"a":"b"}' } }),
  ),
  command('clearHint', serviceId, (store, id) => store.clearHint(cluster, `service/${id}`)),
];

const rareCommands = [
  command(
    'remove',
    fc.record({ kind: fc.constantFrom('task', 'instance', 'service'), id: fc.oneof(taskId, instanceId, serviceId) }),
    (store, { kind, id }) => store.remove({ partition: cluster, kind, id, expect: 'any' }),
  ),
  command('deleteCluster', fc.constant(cluster), (store) => store.deleteCluster(cluster)),
  command('recreateCluster', fc.constant(cluster), (store) =>
    store.put({ partition: cluster, kind: 'cluster', id: cluster, expect: { status: 'INACTIVE' }, set: { status: 'ACTIVE' } }),
  ),
];

const taskCommands = [
  command(
    'createTasks',
    fc.record({ tasks: newTasks, token: fc.constantFrom(undefined, 'k0', 'k1'), hash: fc.constantFrom('h0', 'h1') }),
    (store, { tasks, token, hash }) =>
      store.createTasks({ cluster, tasks, token: token ? { token, requestHash: hash, requestId: `r-${token}` } : undefined }),
  ),
  command('stopTasks', fc.record({ tasks: taskStops, now }), (store, { tasks, now }) => store.stopTasks({ cluster, tasks, now })),
  command(
    'commitService',
    fc.record({
      service: serviceId,
      // As it is, mostly; a version that never was, sometimes.
      stale: fc.option(fc.constantFrom('specVersion', 'tasksVersion', 'stateVersion'), { freq: 3 }),
      expectsUnplaced: fc.constantFrom(false, true),
      create: newTasks,
      stop: taskStops,
      state: fc.constantFrom('{}', '{"events":[]}'),
      status: fc.constantFrom(undefined, undefined, undefined, 'INACTIVE' as const),
      now,
    }),
    async (store, { stale, expectsUnplaced, service, ...changes }) => {
      const [fields] = await store.read(cluster, 'service', [service]);
      const version = (field: string): number => Number(fields?.[field] ?? 0);
      const unplaced = expectsUnplaced ? changes.stop.map(({ id }) => id) : [];
      const expect = {
        specVersion: version('specVersion') + (stale === 'specVersion' ? 1 : 0),
        tasksVersion: version('tasksVersion') + (stale === 'tasksVersion' ? 1 : 0),
        stateVersion: version('stateVersion') + (stale === 'stateVersion' ? 1 : 0),
        unplaced,
      };
      return store.commitService({ cluster, service, expect, ...changes });
    },
  ),
  command('reap', fc.record({ before: now, limit: fc.integer({ min: 1, max: 3 }) }), (store, input) =>
    store.reap({ cluster, ...input }),
  ),
];

const placementCommands = [
  command(
    'bind',
    fc.record({ now, bind: fc.array(fc.record({ task: taskId, instance: instanceId }), { maxLength: 6 }) }),
    (store, { now, bind }) => store.commitPlacement({ cluster, now, bind, withdraw: [], serviceRefusals: [] }),
  ),
  command(
    'withdraw',
    fc.record({ task: taskId, service: serviceId, requestId: fc.constantFrom('r0', 'r1') }),
    async (store, { task, service, requestId }) => [
      await store.commitPlacement({
        cluster,
        now: 1,
        bind: [],
        withdraw: [{ task, requestId, refusal: `{"of":"${task}"}` }],
        serviceRefusals: [{ service, refusal: `{"at":"${task}"}` }],
      }),
      await store.refusals(cluster, requestId),
    ],
  ),
];

const sessionCommands = [
  command(
    'openSession',
    fc.record({
      instance: instanceId,
      session,
      resources: fc.record({ cpu: fc.constantFrom(500, 1_000), memory: fc.constantFrom(500, 1_000), ports }),
      register: fc.constantFrom(true, true, false),
      // Ended already, or outliving the run: nothing depends on how fast it runs.
      leaseMs: fc.constantFrom(-1_000, longLease, longLease, longLease),
    }),
    (store, input) => store.openSession({ cluster, doc: '{}', ...input }),
  ),
  command(
    'reportStatus',
    fc.record({
      instance: instanceId,
      session,
      now,
      reports: fc.array(fc.record({ task: taskId, status, detail: fc.constantFrom('x', 'y'), health }), { maxLength: 4 }),
    }),
    (store, { reports, ...rest }) =>
      store.reportStatus({
        cluster,
        ...rest,
        reports: reports.map(({ task, status, detail, health }) => ({
          task,
          lastStatus: status,
          rank: ranks[status],
          health,
          observed: status + detail,
        })),
      }),
  ),
  command('refreshLeases', fc.array(fc.record({ instance: instanceId, session }), { maxLength: 3 }), (store, sessions) =>
    store.refreshLeases({ cluster, controller: 'c1', leaseMs: longLease, sessions }),
  ),
  command('sweepLeases', fc.constant(0), (store) =>
    store.sweepLeases({ cluster, leaseMs: 0, periodMs: longLease, holderSilenceMs: longLease }),
  ),
  command(
    'abandonTasks',
    fc.record({
      instance: instanceId,
      tasks: fc.uniqueArray(taskId, { maxLength: 8 }),
      now,
      // Away for any time, never for so long, or deregistered.
      reason: fc.constantFrom(
        { awayForMs: 0 },
        { awayForMs: 0 },
        { awayForMs: longLease },
        { instanceStatus: 'INACTIVE' as const },
      ),
    }),
    (store, { tasks, reason, ...rest }) =>
      store.abandonTasks({ cluster, tasks: tasks.map((id) => ({ id, observed: 'abandoned' })), ...rest, ...reason }),
  ),
];

const identityCommands = [
  command(
    'put join-token',
    fc.record({
      id: fc.constantFrom('k0', 'k1'),
      secretHash: fc.constantFrom('h0', 'h1'),
      // Long over, or outliving the run.
      expiresAt: fc.constantFrom('1', '9000000000000', '9000000000000'),
      usesLeft: fc.constantFrom('0', '1', '2'),
      instance: fc.constantFrom('', '', 'i0', 'i2'),
    }),
    (store, { id, ...set }) =>
      store.put({ partition: cluster, kind: 'join-token', id, expect: 'any', set: { doc: '{}', attributes: '{}', ...set } }),
  ),
  command(
    'enrolInstance',
    fc.record({
      instance: fc.constantFrom('i0', 'i1', 'i2', 'i3'),
      token: fc.constantFrom('k0', 'k1'),
      secretHash: fc.constantFrom('h0', 'h1'),
      keyHash: fc.constantFrom('a', 'b'),
      certificates: fc.constantFrom('[]', '[{}]'),
    }),
    (store, input) => store.enrolInstance({ cluster, ...input }),
  ),
];

const commands = fc.array(
  fc.oneof(
    { weight: 1, arbitrary: fc.oneof(...rareCommands) },
    { weight: 3, arbitrary: fc.oneof(...recordCommands) },
    { weight: 3, arbitrary: fc.oneof(...identityCommands) },
    { weight: 6, arbitrary: fc.oneof(...taskCommands) },
    { weight: 6, arbitrary: fc.oneof(...placementCommands) },
    { weight: 8, arbitrary: fc.oneof(...sessionCommands) },
  ),
  { minLength: 20, maxLength: 40, size: 'max' },
);

/** Sets travel in any order; the store's own time is there or not. */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([name, member]) => {
        if (['disconnectedAt', 'enrolledAt', 'revokedAt'].includes(name)) return [name, 'some time'];
        if (name === 'hints') return [name, [...(member as string[])].sort()];
        if (name === 'lost') return [name, [...(member as string[])].sort()];
        return [name, comparable(member)];
      })
      .sort(([a], [b]) => (a! < b! ? -1 : 1)),
  );
}

const stateOf = async (store: Store): Promise<unknown> => ({
  records: (await dump(store)).map(({ kind, id, fields }) => [kind, id, fields]),
  hints: (await store.hints(cluster)).sort(),
  feed: await store.readChanges(cluster, 0),
});

/** Bound tasks that have not STOPPED hold exactly what their instance lacks. */
async function isAccountedFor(store: Store): Promise<boolean> {
  const records = await dump(store);
  const of = (kind: string): { id: string; fields: Fields }[] => records.filter((record) => record.kind === kind);
  return of('instance').every(({ id, fields }) => {
    const tasks = of('task').filter((task) => task.fields['instance'] === id && task.fields['lastStatus'] !== 'STOPPED');
    const taken = tasks.reduce((sum, task) => sum + Number(task.fields['cpu']), 0);
    return Number(fields['cpu']) === Number(fields['totalCpu']) - taken;
  });
}

/** A cluster at work: services, instances, tasks of which some are placed, and leases that are judged. */
async function begin(store: Store): Promise<void> {
  await createCluster(store);
  // The first sweep of an empty cluster spares nobody for no time: later ones judge.
  await store.sweepLeases({ cluster, leaseMs: 0, periodMs: longLease, holderSilenceMs: longLease });
  await createService(store, 'web');
  for (const instance of ['i0', 'i1']) await openSession(store, instance, { session: 's0' });
  await createTasks(store, aTask('t0', { service: 'web' }), aTask('t1', { ports: ',80/tcp,' }), aTask('t2', { service: 'web' }));
  await bind(store, 'i0', 't0', 't1');
}

test('the same commands have the same results in Redis and in memory', async (t) => {
  const run = async (sequence: Command[]): Promise<void> => {
    const [redis, memory] = [await makeStore('Redis'), await makeStore('memory')];
    try {
      await begin(redis);
      await begin(memory);
      for (const each of sequence) {
        const [inRedis, inMemory] = [comparable(await each.run(redis)), comparable(await each.run(memory))];
        assert.deepStrictEqual(inMemory, inRedis, each.toString());
      }
      assert.deepStrictEqual(comparable(await stateOf(memory)), comparable(await stateOf(redis)));
      assert.ok(await isAccountedFor(redis), 'what instances lack is what their tasks hold');
    } finally {
      await Promise.all([redis.close(), memory.close()]);
    }
  };
  await fc.assert(fc.asyncProperty(commands, run), { numRuns: 100, seed: 20_261_122 });
  t.pass();
});
