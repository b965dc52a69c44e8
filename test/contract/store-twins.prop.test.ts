/**
 * RedisStore and MemoryStore are twins: any sequence of commands gets the same answers from both, and leaves the same state
 * behind, to the last index. Of what a store's own clock writes only whether it has come is compared.
 */
import fc from 'fast-check';
import test from 'ava';
import assert from 'node:assert/strict';
import { decodePorts } from '@mini-ecs/shared';
import { globalPartition, type Fields, type ReportStatus, type Store } from '../../packages/controller/src/store/store.ts';
import {
  aStop,
  aTask,
  bind,
  cluster,
  createCluster,
  createService,
  createTasks,
  longLease,
  makeTwins,
  openSession,
} from './store-under-test.ts';
import type { WholeState } from './whole-state.ts';

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
  command('registerTaskDefinition', fc.constantFrom('web', 'api'), (store, family) =>
    store.registerTaskDefinition({ family, fields: { doc: '{}', status: 'ACTIVE' } }),
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

const statusReport: fc.Arbitrary<ReportStatus> = fc
  .record({
    instance: instanceId,
    session,
    now,
    told: fc.array(fc.record({ task: taskId, status, detail: fc.constantFrom('x', 'y'), health }), { maxLength: 4 }),
  })
  .map(({ told, ...rest }) => ({
    cluster,
    ...rest,
    reports: told.map(({ task, status, detail, health }) => ({
      task,
      lastStatus: status,
      rank: ranks[status],
      health,
      observed: status + detail,
    })),
  }));

const sessionCommands = [
  command(
    'openSession',
    fc.record({
      instance: instanceId,
      session,
      resources: fc.record({ cpu: fc.constantFrom(500, 1_000), memory: fc.constantFrom(500, 1_000), ports }),
      register: fc.constantFrom(true, true, false),
      // Ended already, each at a time of its own, or outliving the run: nothing depends on how fast it runs.
      hasEnded: fc.constantFrom(true, false, false, false),
    }),
    (store, { hasEnded, ...input }) => {
      const leaseMs = hasEnded ? { i0: -10_000, i1: -20_000 }[input.instance] : longLease;
      return store.openSession({ cluster, doc: '{}', leaseMs, ...input });
    },
  ),
  command('reportStatus', statusReport, (store, report) => store.reportStatus(report)),
  command(
    'reportStatus of two instances at once',
    fc.tuple(statusReport, statusReport).map(([a, b]) => [
      { ...a, instance: 'i0' },
      { ...b, instance: 'i1', now: a.now },
    ]),
    async (store, reports) => {
      const results = await Promise.all(reports.map((report) => store.reportStatus(report)));
      // In Redis they are one command, whose position and hints are told of both.
      const written = results.filter((result) => result.ok);
      return [
        results.map((result) => (result.ok ? result.outcomes : result.reason)),
        [...new Set(written.flatMap(({ hints }) => hints))].sort(),
        await store.feedEnd(cluster),
      ];
    },
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

/** What the records say that the indexes must: bound tasks hold exactly what their instance lacks, and what counts is counted. */
function assertAccountedFor(state: WholeState): void {
  const of = (kind: string): [id: string, fields: Fields][] =>
    Object.entries(state).flatMap(([key, fields]) =>
      key.startsWith(`${kind}:`) ? [[key.slice(kind.length + 1), fields as Fields]] : [],
    );
  const alive = of('task').filter(([, { lastStatus }]) => lastStatus !== 'STOPPED');
  for (const [instance, fields] of of('instance')) {
    const tasks = alive.filter(([, task]) => task['instance'] === instance);
    const taken = (resource: string): number => tasks.reduce((sum, [, task]) => sum + Number(task[resource]), 0);
    const ports = [fields, ...tasks.map(([, task]) => task)].flatMap((holder, i) =>
      decodePorts(holder[i === 0 ? 'reservedPorts' : 'ports']),
    );
    assert.equal(Number(fields['cpu']), Number(fields['totalCpu']) - taken('cpu'), `CPU of ${instance}`);
    assert.equal(Number(fields['memory']), Number(fields['totalMemory']) - taken('memory'), `memory of ${instance}`);
    assert.deepEqual(decodePorts(fields['ports']).sort(), [...new Set(ports)].sort(), `ports of ${instance}`);
    const indexed = Object.keys((state[`instance-tasks:${instance}`] as Fields | undefined) ?? {});
    assert.deepEqual(indexed.sort(), tasks.map(([id]) => id).sort(), `tasks of ${instance}`);
  }
  const live = (kind: string): number => of(kind).filter(([, { status }]) => status !== 'INACTIVE').length;
  const { tasks = 0, services = 0, instances = 0 } = (state['counts'] ?? {}) as Fields;
  assert.deepEqual(
    { tasks: Number(tasks), services: Number(services), instances: Number(instances) },
    { tasks: alive.length, services: live('service'), instances: live('instance') },
  );
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

test('the same commands have the same results in Redis and in memory, and leave the same behind', async (t) => {
  const run = async (sequence: Command[]): Promise<void> => {
    const twins = await makeTwins();
    const { inRedis, inMemory } = twins;
    try {
      await begin(inRedis);
      await begin(inMemory);
      for (const each of sequence) {
        const [ofRedis, ofMemory] = [comparable(await each.run(inRedis)), comparable(await each.run(inMemory))];
        assert.deepStrictEqual(ofMemory, ofRedis, each.toString());
      }
      for (const partition of [cluster, globalPartition]) {
        const { redis, memory } = await twins.stateOfBoth(partition);
        assert.deepStrictEqual(memory, redis);
        assertAccountedFor(redis);
      }
      const [ofRedis, ofMemory] = [await inRedis.readChanges(cluster, 0), await inMemory.readChanges(cluster, 0)];
      assert.deepStrictEqual(comparable(ofMemory), comparable(ofRedis));
    } finally {
      await twins.close();
    }
  };
  // Other sequences each time; a failure tells the seed to run again with.
  await fc.assert(fc.asyncProperty(commands, run), { numRuns: 100, includeErrorInReport: true });
  t.pass();
});
