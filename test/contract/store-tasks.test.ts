/** Creating, stopping and removing tasks; what a reconciler commits. */
import type { Store } from '../../packages/controller/src/store/store.ts';
import {
  aStop,
  aTask,
  bind,
  bothStores,
  cluster,
  commitService,
  createService,
  createTasks,
  hintsOf,
  instanceOf,
  openSession,
  report,
  serviceOf,
  stop,
  taskOf,
} from './store-under-test.ts';

// ── RunTask's createTasks ──

bothStores('new tasks are PROVISIONING, unplaced, and want a place', async (t, store) => {
  const created = await createTasks(store, aTask('a'), aTask('b'));
  t.like(created, { ok: true, taskIds: ['a', 'b'], hints: ['placement'] });
  t.like(await taskOf(store, 'a'), { lastStatus: 'PROVISIONING', version: '1', instance: undefined });
  t.deepEqual(await hintsOf(store), ['placement']);
});

bothStores('a client token used again by the same request gives the same tasks, and creates none', async (t, store) => {
  const token = { token: 'once', requestHash: 'hash', requestId: 'request-1' };
  t.like(await store.createTasks({ cluster, tasks: [aTask('a'), aTask('b')], token }), { ok: true, requestId: 'request-1' });
  const again = await store.createTasks({
    cluster,
    tasks: [aTask('c'), aTask('d')],
    token: { ...token, requestId: 'request-2' },
  });
  t.deepEqual(again, { ok: false, reason: 'REPEATED', taskIds: ['a', 'b'], requestId: 'request-1' });
  t.is(await taskOf(store, 'c'), undefined);
});

bothStores('a client token used again by another request is a conflict that names the tasks', async (t, store) => {
  const token = { token: 'once', requestHash: 'hash', requestId: 'request-1' };
  await store.createTasks({ cluster, tasks: [aTask('a')], token });
  const other = await store.createTasks({ cluster, tasks: [aTask('b')], token: { ...token, requestHash: 'other' } });
  t.deepEqual(other, { ok: false, reason: 'TOKEN_CONFLICT', taskIds: ['a'] });
});

bothStores('of two requests with one token that meet, one creates and the other repeats it', async (t, store) => {
  const request = (id: string) =>
    store.createTasks({ cluster, tasks: [aTask(id)], token: { token: 'once', requestHash: 'hash', requestId: id } });
  const results = await Promise.all([request('a'), request('b')]);
  t.is(results.filter(({ ok }) => ok).length, 1);
  t.deepEqual(new Set(results.flatMap((result) => ('taskIds' in result ? result.taskIds : []))).size, 1);
});

bothStores('a task is created once, however often its creation is sent', async (t, store) => {
  await openSession(store, 'i1');
  await createTasks(store, aTask('a'));
  await bind(store, 'i1', 'a');
  await createTasks(store, aTask('a'));
  t.like(await taskOf(store, 'a'), { instance: 'i1', version: '2' });
});

// ── stopTasks ──

bothStores('an unplaced task that is stopped has STOPPED at once', async (t, store) => {
  await createTasks(store, aTask('a'));
  const stopped = await stop(store, 'a', 'nobody');
  t.deepEqual(stopped.found, [true, false]);
  t.like(await taskOf(store, 'a'), {
    desiredStatus: 'STOPPED',
    lastStatus: 'STOPPED',
    rank: '7',
    observed: '{"lastStatus":"STOPPED"}',
  });
});

bothStores('a placed task that is stopped keeps its status: only its agent says that it has stopped', async (t, store) => {
  await openSession(store, 'i1');
  await createTasks(store, aTask('a'));
  await bind(store, 'i1', 'a');
  await stop(store, 'a');
  t.like(await taskOf(store, 'a'), { desiredStatus: 'STOPPED', lastStatus: 'PROVISIONING', rank: '0' });
  t.like(await instanceOf(store, 'i1'), { cpu: '900' });
});

bothStores('the first who stops a task gives the reason', async (t, store) => {
  await openSession(store, 'i1');
  await createTasks(store, aTask('a'));
  await bind(store, 'i1', 'a');
  await store.stopTasks({ cluster, tasks: [aStop('a', 'first')], now: 1 });
  const { version } = (await taskOf(store, 'a'))!;
  const second = await store.stopTasks({ cluster, tasks: [aStop('a', 'second')], now: 2 });
  t.deepEqual([second.found, second.hints], [[true], []]);
  t.like(await taskOf(store, 'a'), { desired: aStop('a', 'first').desired, version });
});

bothStores('stopping a task that has stopped by itself leaves it as it ended', async (t, store) => {
  await openSession(store, 'i1');
  await createTasks(store, aTask('a'));
  await bind(store, 'i1', 'a');
  await report(store, 'i1', { a: 'STOPPED' });
  const before = await taskOf(store, 'a');
  t.deepEqual((await stop(store, 'a')).found, [true]);
  t.deepEqual(await taskOf(store, 'a'), before);
});

bothStores('stopping a task of a service makes its reconciler look again, on other tasks than it saw', async (t, store) => {
  await createService(store);
  await createTasks(store, aTask('a', { service: 'web' }), aTask('b', { service: 'web' }));
  t.is((await serviceOf(store))?.['tasksVersion'], '1', 'raised once a command');
  const stopped = await stop(store, 'a', 'b');
  t.deepEqual(stopped.hints, ['service/web']);
  t.is((await serviceOf(store))?.['tasksVersion'], '2');
});

// ── commitService ──

bothStores(
  'a reconciler commits on what it saw: tasks created and stopped, state, one raise of tasksVersion',
  async (t, store) => {
    await createService(store);
    await openSession(store, 'i1');
    await createTasks(store, aTask('old', { service: 'web' }));
    await bind(store, 'i1', 'old');
    const committed = await commitService(store, {
      expect: { specVersion: 1, tasksVersion: 1 },
      state: '{"deployments":[]}',
      create: [aTask('new-1', { service: 'web' }), aTask('new-2', { service: 'web' })],
      stop: [aStop('old')],
    });
    t.like(committed, { ok: true, hints: ['placement'] });
    t.like(await serviceOf(store), { tasksVersion: '2', specVersion: '1', state: '{"deployments":[]}' });
    t.like(await taskOf(store, 'old'), { desiredStatus: 'STOPPED', lastStatus: 'PROVISIONING' });
    t.like(await taskOf(store, 'new-2'), { desiredStatus: 'RUNNING' });
  },
);

bothStores('a reconciler that decided on an older spec or older tasks commits nothing', async (t, store) => {
  await createService(store);
  const create = [aTask('new', { service: 'web' })];
  t.deepEqual(await commitService(store, { expect: { specVersion: 0, tasksVersion: 0 }, create }), {
    ok: false,
    reason: 'STALE',
  });
  await createTasks(store, aTask('other', { service: 'web' }));
  t.deepEqual(await commitService(store, { expect: { specVersion: 1, tasksVersion: 0 }, create }), {
    ok: false,
    reason: 'STALE',
  });
  t.is(await taskOf(store, 'new'), undefined);
  const unknown = await commitService(store, { service: 'nobody', expect: { specVersion: 1, tasksVersion: 0 } });
  t.deepEqual(unknown, { ok: false, reason: 'NOT_FOUND' });
});

bothStores('a reconciler that counted on a task without a place commits nothing once it has one', async (t, store) => {
  await createService(store);
  await openSession(store, 'i1');
  await createTasks(store, aTask('a', { service: 'web' }), aTask('b', { service: 'web' }));
  await bind(store, 'i1', 'a');
  const expect = { specVersion: 1, tasksVersion: 1 };
  const stop = [aStop('a')];
  t.deepEqual(await commitService(store, { expect: { ...expect, unplaced: ['b', 'a'] }, stop }), { ok: false, reason: 'STALE' });
  t.like(await taskOf(store, 'a'), { desiredStatus: 'RUNNING' });
  t.true((await commitService(store, { expect: { ...expect, unplaced: ['b', 'gone'] }, stop })).ok);
});

bothStores('of two reconcilers that saw the same, one commits', async (t, store) => {
  await createService(store);
  const commit = (id: string) =>
    commitService(store, { expect: { specVersion: 1, tasksVersion: 0 }, create: [aTask(id, { service: 'web' })] });
  const results = await Promise.all([commit('a'), commit('b')]);
  t.is(results.filter(({ ok }) => ok).length, 1);
});

bothStores('a reconciler that decided on an older state commits nothing, though no task has changed', async (t, store) => {
  await createService(store);
  const expect = { specVersion: 1, tasksVersion: 0 };
  const [first, later] = ['{"events":["a task started"]}', '{"events":["steady"]}'];
  t.true((await commitService(store, { expect: { ...expect, stateVersion: 0 }, state: first })).ok);
  t.deepEqual(await commitService(store, { expect: { ...expect, stateVersion: 0 }, state: later }), {
    ok: false,
    reason: 'STALE',
  });
  t.like(await serviceOf(store), { state: first, stateVersion: '1' });
  t.true((await commitService(store, { expect: { ...expect, stateVersion: 1 }, state: later })).ok);
  t.like(await serviceOf(store), { state: later, stateVersion: '2' });
});

bothStores('a service looks again when a task that it stopped had no place yet', async (t, store) => {
  await createService(store);
  await createTasks(store, aTask('a', { service: 'web' }));
  const committed = await commitService(store, { expect: { specVersion: 1, tasksVersion: 1 }, stop: [aStop('a')] });
  t.like(committed, { ok: true, hints: ['service/web'] });
  t.like(await taskOf(store, 'a'), { lastStatus: 'STOPPED' });
});

bothStores('a commit that changes nothing leaves no trace in the feed', async (t, store) => {
  await createService(store);
  await commitService(store, { expect: { specVersion: 1, tasksVersion: 0 }, state: '{"events":[]}' });
  const end = await store.feedEnd(cluster);
  const expect = { specVersion: 1, tasksVersion: 0, stateVersion: 1 };
  t.true((await commitService(store, { expect, state: '{"events":[]}' })).ok);
  t.is(await store.feedEnd(cluster), end);
});

bothStores(
  'a service that becomes INACTIVE no longer holds its cluster, and refuses what was decided before',
  async (t, store) => {
    await createService(store);
    const expect = { specVersion: 1, tasksVersion: 0 };
    t.true((await commitService(store, { expect, status: 'INACTIVE' })).ok);
    t.like(await serviceOf(store), { status: 'INACTIVE', specVersion: '2' });
    t.like(await commitService(store, { expect }), { reason: 'STALE' });
    t.true((await store.deleteCluster(cluster)).ok);
  },
);

// ── reap, abandonTasks ──

bothStores('stopped tasks are removed by when they stopped, the oldest first, running ones never', async (t, store) => {
  await createTasks(store, aTask('a'), aTask('b'), aTask('c'), aTask('running'));
  await store.stopTasks({ cluster, tasks: [aStop('b')], now: 100 });
  await store.stopTasks({ cluster, tasks: [aStop('c')], now: 200 });
  await store.stopTasks({ cluster, tasks: [aStop('a')], now: 300 });
  const since = await store.feedEnd(cluster);
  t.like(await store.reap({ cluster, before: 300, limit: 1 }), { tasks: ['b'], instances: [] });
  t.like(await store.reap({ cluster, before: 300, limit: 10 }), { tasks: ['c'] });
  t.like(await store.reap({ cluster, before: 300, limit: 10 }), { tasks: [] });
  t.deepEqual(await store.readChanges(cluster, since), {
    reset: false,
    seq: since + 2,
    changes: [
      { kind: 'task', id: 'b', fields: undefined },
      { kind: 'task', id: 'c', fields: undefined },
    ],
  });
  t.truthy(await taskOf(store, 'running'));
});

bothStores('a deregistered instance is removed by when it became INACTIVE', async (t, store) => {
  await openSession(store, 'i1');
  await store.abandonTasks({ cluster, instance: 'i1', tasks: [], now: 500, instanceStatus: 'INACTIVE' });
  t.like(await store.reap({ cluster, before: 500, limit: 10 }), { instances: [] });
  t.like(await store.reap({ cluster, before: 501, limit: 10 }), { instances: ['i1'] });
  t.is(await instanceOf(store, 'i1'), undefined);
});

bothStores('an instance is deregistered only with every task on it, and takes them along', async (t, store) => {
  await createService(store);
  await openSession(store, 'i1');
  await createTasks(store, aTask('a', { service: 'web' }), aTask('b'), aTask('done'));
  await bind(store, 'i1', 'a', 'b', 'done');
  await report(store, 'i1', { done: 'STOPPED' });
  const abandon = (...ids: string[]) =>
    store.abandonTasks({
      cluster,
      instance: 'i1',
      tasks: ids.map((id) => ({ id, observed: '{"lastStatus":"STOPPED","stopCode":"x"}' })),
      now: 1,
      instanceStatus: 'INACTIVE',
    });
  t.deepEqual(await abandon('a'), { ok: false, reason: 'TASKS_LEFT' });
  t.like(await taskOf(store, 'a'), { lastStatus: 'PROVISIONING' });
  const done = await abandon('a', 'b', 'done');
  t.true(done.ok && done.hints.includes('service/web'));
  t.like(await taskOf(store, 'a'), { lastStatus: 'STOPPED', observed: '{"lastStatus":"STOPPED","stopCode":"x"}' });
  t.like(await taskOf(store, 'done'), { observed: '{"lastStatus":"STOPPED"}' }, 'what its agent said stays');
  t.like(await instanceOf(store, 'i1'), { status: 'INACTIVE', connected: '0', session: '', cpu: '1000', memory: '1000' });
});

bothStores('a deregistered instance may not write nor come back', async (t, store) => {
  await openSession(store, 'i1');
  await createTasks(store, aTask('a'));
  await bind(store, 'i1', 'a');
  await store.abandonTasks({ cluster, instance: 'i1', tasks: [{ id: 'a', observed: '{}' }], now: 1, instanceStatus: 'INACTIVE' });
  t.deepEqual(await report(store, 'i1', { a: 'RUNNING' }), { ok: false, reason: 'SUPERSEDED' });
  t.deepEqual(await openSession(store, 'i1', { session: 'session-2' }), { ok: false, reason: 'UNKNOWN_INSTANCE' });
  const unknown = await store.abandonTasks({ cluster, instance: 'nobody', tasks: [], now: 1, awayForMs: 0 });
  t.deepEqual(unknown, { ok: false, reason: 'UNKNOWN_INSTANCE' });
});

bothStores('of a task that a reader knows already only what can change is read again', async (t, store) => {
  await openSession(store, 'i1');
  await createTasks(store, aTask('known'));
  const since = await store.feedEnd(cluster);
  await bind(store, 'i1', 'known');
  await createTasks(store, aTask('new'));
  await store.stopTasks({ cluster, tasks: [aStop('new'), aStop('known')], now: 1 });
  const read = await store.readChanges(cluster, since);
  const fieldsOf = (id: string) => (read.reset ? [] : read.changes).find((change) => change.id === id)?.fields;
  const { version, desired, observed, instance, placedAt, tags, ...rest } = fieldsOf('known') ?? {};
  t.deepEqual(rest, {});
  t.like({ version, instance }, { version: '3', instance: 'i1' });
  t.deepEqual([desired, observed, placedAt, tags], await partsOf(store, 'known'));
  t.deepEqual(fieldsOf('new'), await taskOf(store, 'new'), 'of one that is new, everything');
});

async function partsOf(store: Store, id: string): Promise<(string | undefined)[]> {
  const fields = await taskOf(store, id);
  return ['desired', 'observed', 'placedAt', 'tags'].map((name) => fields?.[name]);
}
