/** Sessions, status intake and leases: who may write for an instance, and when it counts as lost. */
import {
  aTask,
  bind,
  bothStores,
  cluster,
  createService,
  createTasks,
  eventually,
  hintsOf,
  instanceOf,
  judging,
  longLease,
  openSession,
  report,
  stop,
  taskOf,
} from './store-under-test.ts';
import type { Store } from '../../packages/controller/src/store/store.ts';

// ── openSession ──

bothStores('a first session registers the instance', async (t, store) => {
  t.deepEqual(await openSession(store, 'i1', { register: false }), { ok: false, reason: 'UNKNOWN_INSTANCE' });
  t.like(await openSession(store, 'i1'), { ok: true, hints: ['placement'] });
  t.like(await instanceOf(store, 'i1'), {
    status: 'ACTIVE',
    connected: '1',
    session: 'session-1',
    cpu: '1000',
    memory: '1000',
    ports: ',22/tcp,',
    version: '1',
  });
});

bothStores('registering twice is harmless: tasks, status, attributes and tags stay', async (t, store) => {
  await openSession(store, 'i1');
  await store.put({
    partition: cluster,
    kind: 'instance',
    id: 'i1',
    expect: 'any',
    set: { status: 'DRAINING', attributes: '{"a":"b"}' },
  });
  t.true((await openSession(store, 'i1', { session: 'session-2', register: true })).ok);
  t.like(await instanceOf(store, 'i1'), { status: 'DRAINING', attributes: '{"a":"b"}', session: 'session-2', cpu: '1000' });
});

bothStores('a session of an unknown cluster is refused', async (t, store) => {
  const { ok, ...refusal } = await store.openSession({
    cluster: 'nowhere',
    instance: 'i1',
    session: 's',
    doc: '{}',
    resources: { cpu: 1, memory: 1, ports: '' },
    register: true,
    leaseMs: 1,
  });
  t.false(ok);
  t.like(refusal, { reason: 'CLUSTER_NOT_FOUND' });
});

bothStores('a superseded session may write nothing', async (t, store) => {
  await openSession(store, 'i1');
  await createTasks(store, aTask('a'));
  await bind(store, 'i1', 'a');
  await openSession(store, 'i1', { session: 'session-2' });
  const end = await store.feedEnd(cluster);
  t.deepEqual(await report(store, 'i1', { a: 'RUNNING' }, 'session-1'), { ok: false, reason: 'SUPERSEDED' });
  t.deepEqual(await report(store, 'nobody', { a: 'RUNNING' }, ''), { ok: false, reason: 'SUPERSEDED' });
  t.is(await store.feedEnd(cluster), end);
  t.like(await report(store, 'i1', { a: 'RUNNING' }, 'session-2'), { ok: true, outcomes: ['WRITTEN'] });
});

// ── reportStatus ──

bothStores('a status only moves forward', async (t, store) => {
  await openSession(store, 'i1');
  await createTasks(store, aTask('a'));
  await bind(store, 'i1', 'a');
  await report(store, 'i1', { a: 'RUNNING' });
  const end = await store.feedEnd(cluster);
  t.like(await report(store, 'i1', { a: 'PENDING' }), { outcomes: ['BACKWARD'] });
  t.like(await taskOf(store, 'a'), { lastStatus: 'RUNNING', rank: '3', observed: '{"lastStatus":"RUNNING"}' });
  t.is(await store.feedEnd(cluster), end);
});

bothStores('an agent reports only tasks that are bound to it', async (t, store) => {
  await openSession(store, 'i1');
  await openSession(store, 'i2');
  await createTasks(store, aTask('mine'), aTask('theirs'), aTask('unplaced'));
  await bind(store, 'i1', 'mine');
  await bind(store, 'i2', 'theirs');
  const reported = await report(store, 'i1', { theirs: 'RUNNING', gone: 'STOPPED', unplaced: 'RUNNING', mine: 'RUNNING' });
  t.like(reported, { outcomes: ['UNKNOWN_TASK', 'UNKNOWN_TASK', 'UNKNOWN_TASK', 'WRITTEN'] });
  t.like(await taskOf(store, 'theirs'), { lastStatus: 'PROVISIONING' });
});

bothStores('the same report again is accepted and changes nothing', async (t, store) => {
  await openSession(store, 'i1');
  await createTasks(store, aTask('a'));
  await bind(store, 'i1', 'a');
  await report(store, 'i1', { a: 'RUNNING' });
  const end = await store.feedEnd(cluster);
  t.like(await report(store, 'i1', { a: 'RUNNING' }), { outcomes: ['WRITTEN'], seq: end, hints: [] });
  const sameStatus = [{ task: 'a', lastStatus: 'RUNNING', rank: 3, health: 'HEALTHY', observed: '{"healthStatus":"HEALTHY"}' }];
  await store.reportStatus({ cluster, instance: 'i1', session: 'session-1', now: 1, reports: sameStatus });
  t.like(await taskOf(store, 'a'), { observed: '{"healthStatus":"HEALTHY"}' });
  t.is(await store.feedEnd(cluster), end + 1);
});

bothStores('a new status of a service’s task makes its service look, and a stop makes room for others', async (t, store) => {
  await createService(store);
  await openSession(store, 'i1');
  await createTasks(store, aTask('a', { service: 'web' }), aTask('b'));
  await bind(store, 'i1', 'a', 'b');
  t.like(await report(store, 'i1', { a: 'RUNNING', b: 'RUNNING' }), { hints: ['service/web'] });
  const stopped = await report(store, 'i1', { a: 'STOPPED' });
  t.deepEqual(stopped.ok && [...stopped.hints].sort(), ['placement', 'service/web']);
  t.deepEqual(await hintsOf(store), ['placement', 'service/web']);
});

bothStores('a change of health makes the service look, other news of the same status does not', async (t, store) => {
  await createService(store);
  await openSession(store, 'i1');
  await createTasks(store, aTask('a', { service: 'web' }), aTask('alone'));
  await bind(store, 'i1', 'a', 'alone');
  const tell = async (task: string, health: string, detail = '') => {
    const reports = [{ task, lastStatus: 'RUNNING', rank: 3, health, observed: health + detail }];
    const reported = await store.reportStatus({ cluster, instance: 'i1', session: 'session-1', now: 1, reports });
    return reported.ok && reported.hints;
  };
  t.deepEqual(await tell('a', 'UNKNOWN'), ['service/web']);
  t.deepEqual(await tell('a', 'UNKNOWN', ': image digest'), []);
  t.deepEqual(await tell('a', 'HEALTHY'), ['service/web']);
  t.deepEqual(await tell('a', 'HEALTHY'), []);
  t.deepEqual(await tell('a', 'UNHEALTHY'), ['service/web']);
  t.like(await taskOf(store, 'a'), { lastStatus: 'RUNNING', health: 'UNHEALTHY', observed: 'UNHEALTHY' });
  await tell('alone', 'HEALTHY');
  t.deepEqual(await tell('alone', 'UNHEALTHY'), []);
});

bothStores('a task that stopped is removed later by when that was reported', async (t, store) => {
  await openSession(store, 'i1');
  await createTasks(store, aTask('a'));
  await bind(store, 'i1', 'a');
  await report(store, 'i1', { a: 'STOPPED' });
  t.like(await store.reap({ cluster, before: 9_000, limit: 10 }), { tasks: [] });
  t.like(await store.reap({ cluster, before: 9_001, limit: 10 }), { tasks: ['a'] });
});

// ── leases ──

bothStores('an instance whose lease ended is lost: disconnected, its services look again', async (t, store) => {
  await judging(store, 0);
  await createService(store);
  await openSession(store, 'i1', { leaseMs: 0 });
  await openSession(store, 'i2', { leaseMs: longLease });
  await createTasks(store, aTask('a', { service: 'web' }), aTask('b', { service: 'other' }));
  await bind(store, 'i1', 'a', 'b');
  await report(store, 'i1', { b: 'STOPPED' });
  const swept = await judging(store, 0);
  t.deepEqual([swept.lost, [...swept.hints].sort()], [['i1'], ['placement', 'service/web']]);
  const lost = await instanceOf(store, 'i1');
  t.like(lost, { connected: '0', status: 'ACTIVE' });
  t.true(Math.abs(Number(lost?.['disconnectedAt']) - Date.now()) < 60_000);
  t.like(await taskOf(store, 'a'), { lastStatus: 'PROVISIONING' }, 'lost means unknown, not stopped');
  t.deepEqual((await judging(store, 0)).lost, [], 'judged once');
});

bothStores('a lost instance comes back with its next session, not with the lease of its old one', async (t, store) => {
  await judging(store, 0);
  await createService(store);
  await openSession(store, 'i1', { leaseMs: 0 });
  await createTasks(store, aTask('a', { service: 'web' }));
  await bind(store, 'i1', 'a');
  await judging(store, 0);
  const sessions = [{ instance: 'i1', session: 'session-1' }];
  t.deepEqual(await store.refreshLeases({ cluster, controller: 'c1', leaseMs: longLease, sessions }), { superseded: ['i1'] });
  const back = await openSession(store, 'i1', { session: 'session-2' });
  t.deepEqual(back.ok && [...back.hints].sort(), ['placement', 'service/web']);
  const instance = await instanceOf(store, 'i1');
  t.like(instance, { connected: '1', cpu: '900' });
  t.false('disconnectedAt' in instance!);
});

bothStores('a lease is refreshed only by the current session', async (t, store) => {
  await judging(store, 0);
  await openSession(store, 'i1', { leaseMs: 0 });
  await openSession(store, 'i2', { leaseMs: 0 });
  await openSession(store, 'i2', { leaseMs: 0, session: 'session-2' });
  const sessions = [
    { instance: 'i1', session: 'session-1' },
    { instance: 'i2', session: 'session-1' },
    { instance: 'nobody', session: 'session-1' },
  ];
  t.deepEqual(await store.refreshLeases({ cluster, controller: 'c1', leaseMs: longLease, sessions }), {
    superseded: ['i2', 'nobody'],
  });
  t.deepEqual((await judging(store, 0)).lost, ['i2']);
});

bothStores('a lease runs from when the agent was last heard of', async (t, store) => {
  await judging(store, 0);
  for (const instance of ['silent', 'heard']) await openSession(store, instance);
  const sessions = [
    { instance: 'silent', session: 'session-1', agoMs: 60_000 },
    { instance: 'heard', session: 'session-1', agoMs: 1_000 },
  ];
  t.deepEqual(await store.refreshLeases({ cluster, controller: 'c1', leaseMs: 60_000, sessions }), { superseded: [] });
  t.deepEqual((await judging(store, 0)).lost, ['silent']);
});

bothStores('nobody is judged after a standstill until every agent had time to come back', async (t, store) => {
  await openSession(store, 'i1', { leaseMs: 0 });
  await openSession(store, 'i2', { leaseMs: 0 });
  const first = await store.sweepLeases({ cluster, leaseMs: longLease, periodMs: 60_000, holderSilenceMs: 5_000 });
  t.deepEqual([first.lost, first.pausedForMs], [[], longLease]);
  const second = await store.sweepLeases({ cluster, leaseMs: longLease, periodMs: 60_000, holderSilenceMs: 5_000 });
  t.deepEqual(second.lost, []);
  t.true(second.pausedForMs <= longLease);
  await store.refreshLeases({
    cluster,
    controller: 'c1',
    leaseMs: longLease,
    sessions: [{ instance: 'i2', session: 'session-1' }],
  });
  // With a shorter lease the pause that is left is shorter, too.
  t.deepEqual((await judging(store, 0)).lost, ['i1'], 'who came back during the pause is spared');
});

bothStores('a sweep that comes late is a standstill', async (t, store) => {
  await judging(store, 0);
  await openSession(store, 'i1', { leaseMs: 0 });
  const lateBy = Date.now() + 30;
  await eventually('30 ms pass', async () => (Date.now() > lateBy ? true : undefined));
  const late = await store.sweepLeases({ cluster, leaseMs: longLease, periodMs: 5, holderSilenceMs: 5_000 });
  t.deepEqual(late.lost, []);
  t.is(late.pausedForMs, longLease);
});

bothStores('a large cluster gets three quarters of a lease and 1 s for every 250 instances to come back', async (t, store) => {
  await Promise.all(Array.from({ length: 100 }, (_, i) => openSession(store, `i${i}`, { leaseMs: 0 })));
  const swept = await store.sweepLeases({ cluster, leaseMs: 12, periodMs: 60_000, holderSilenceMs: 5_000 });
  t.is(swept.pausedForMs, 409);
});

bothStores(
  'the agents of a controller that is gone get the time to come to another: three quarters of a lease, and 1 s for 250',
  async (t, store) => {
    const agents = 5;
    const [leaseMs, silence] = [1_000, { periodMs: 60_000, holderSilenceMs: 40 }];
    const returnMs = (leaseMs * 3) / 4 + (agents * 1_000) / 250;
    await judging(store, 0);
    const sessions = Array.from({ length: agents }, (_, i) => ({ instance: `i${i}`, session: 'session-1' }));
    await Promise.all(sessions.map(({ instance }) => openSession(store, instance)));
    const refresh = (controller: string, held: typeof sessions) =>
      store.refreshLeases({ cluster, leaseMs: 0, controller, sessions: held });
    const sweep = () => store.sweepLeases({ cluster, leaseMs, ...silence });
    const silenceIsOver = async (): Promise<void> => {
      const over = Date.now() + 2 * silence.holderSilenceMs;
      await eventually('the silence is over', async () => (Date.now() > over ? true : undefined));
    };

    await refresh('left', sessions);
    await refresh('left', []);
    await silenceIsOver();
    t.is((await sweep()).pausedForMs, 0, 'one whose last session has ended is missed by nobody');

    await refresh(
      'gone',
      sessions.map((each) => ({ ...each, agoMs: 0 })),
    );
    await openSession(store, 'i0', { session: 'session-2' });
    await silenceIsOver();
    const swept = await sweep();
    t.deepEqual([swept.lost, swept.pausedForMs], [[], returnMs]);
    t.true((await sweep()).pausedForMs <= returnMs, 'it is missed once');
  },
);

bothStores('the tasks of a lost instance can be given up while it stays registered', async (t, store) => {
  await judging(store, 0);
  await openSession(store, 'i1', { leaseMs: 0 });
  await createTasks(store, aTask('a'));
  await bind(store, 'i1', 'a');
  await stop(store, 'a');
  await judging(store, 0);
  t.like(await giveUp(store, 0), { ok: true });
  t.like(await taskOf(store, 'a'), { lastStatus: 'STOPPED' });
  t.like(await instanceOf(store, 'i1'), { connected: '0', status: 'ACTIVE', cpu: '1000' });
});

bothStores('an instance that came back keeps its tasks, and so does one that is not away for long', async (t, store) => {
  await judging(store, 0);
  await openSession(store, 'i1', { leaseMs: 0 });
  await createTasks(store, aTask('a'));
  await bind(store, 'i1', 'a');
  await judging(store, 0);
  t.deepEqual(await giveUp(store, 60_000), { ok: false, reason: 'NOT_AWAY' });
  await openSession(store, 'i1', { session: 'session-2' });
  t.deepEqual(await giveUp(store, 0), { ok: false, reason: 'NOT_AWAY' });
  t.like(await taskOf(store, 'a'), { lastStatus: 'PROVISIONING' });
  t.like(await report(store, 'i1', { a: 'RUNNING' }, 'session-2'), { outcomes: ['WRITTEN'] });
});

const giveUp = (store: Store, awayForMs: number) =>
  store.abandonTasks({
    cluster,
    instance: 'i1',
    tasks: [{ id: 'a', observed: '{"lastStatus":"STOPPED"}' }],
    now: 1,
    awayForMs,
  });
