/** Records, expectations, the change feed and what waits on it. */
import test from 'ava';
import { isDeepStrictEqual } from 'node:util';
import { changingTaskFields } from '../../packages/controller/src/store/store-limits.ts';
import { globalPartition, type Changes, type Fields, type Store } from '../../packages/controller/src/store/store.ts';
import {
  aTask,
  bothStores,
  cluster,
  createService,
  createTasks,
  dump,
  hintsOf,
  makeStore,
  openSession,
  serviceOf,
  stop,
} from './store-under-test.ts';

const putService = (store: Store, command: Partial<Parameters<Store['put']>[0]>) =>
  store.put({ partition: cluster, kind: 'service', id: 'web', expect: 'any', set: {}, ...command });

const changesOf = (changes: Changes): string[] => {
  if (changes.reset) return ['reset'];
  return changes.changes.map(({ kind, id, fields }) => `${kind}/${id}${fields ? '' : ' gone'}`);
};

bothStores('a record is created once under the expectation that it is absent', async (t, store) => {
  t.true((await createService(store)).ok);
  const again = await createService(store);
  t.false(again.ok);
  t.is(again.ok ? '' : again.actual?.['status'], 'ACTIVE');
});

bothStores('a write is refused, and shows what is there, when a field is not as expected', async (t, store) => {
  await createService(store);
  const refused = await putService(store, { expect: { specVersion: '7' }, set: { doc: 'other' } });
  t.like(refused, { ok: false, actual: { doc: '{}', specVersion: '1' } });
  t.true((await putService(store, { expect: { specVersion: '1', refusal: null }, set: { doc: 'other' } })).ok);
  t.is((await serviceOf(store))?.['doc'], 'other');
});

bothStores('a field expected not to be set must not be set', async (t, store) => {
  await createService(store);
  t.false((await putService(store, { expect: { status: null }, set: { doc: 'x' } })).ok);
  t.false((await putService(store, { id: 'unknown', expect: { status: null }, set: { doc: 'x' } })).ok);
});

bothStores('every write raises the version and the fields asked for, and unsets others', async (t, store) => {
  await createService(store);
  await putService(store, { set: { tags: '{"a":"1"}' }, raise: ['specVersion'] });
  t.like(await serviceOf(store), { version: '2', specVersion: '2', tags: '{"a":"1"}' });
  await putService(store, { unset: ['tags'] });
  t.like(await serviceOf(store), { version: '3', specVersion: '2' });
  t.false('tags' in (await serviceOf(store))!);
});

bothStores('a tag put on a task that was removed meanwhile does not bring it back', async (t, store) => {
  const result = await store.put({ partition: cluster, kind: 'task', id: 'gone', expect: 'any', set: { tags: '{}' } });
  t.deepEqual(result, { ok: false, actual: undefined });
  t.deepEqual(await store.read(cluster, 'task', ['gone']), [undefined]);
});

bothStores('a removed record is gone, and only if it was as expected', async (t, store) => {
  await createService(store);
  const key = { partition: cluster, kind: 'service', id: 'web' } as const;
  t.false((await store.remove({ ...key, expect: { status: 'INACTIVE' } })).ok);
  const since = await store.feedEnd(cluster);
  t.true((await store.remove({ ...key, expect: { status: 'ACTIVE' } })).ok);
  t.is(await serviceOf(store), undefined);
  t.deepEqual(changesOf(await store.readChanges(cluster, since)), ['service/web gone']);
});

bothStores('records come back in the order asked for', async (t, store) => {
  await createTasks(store, aTask('a', { doc: 'A' }), aTask('b', { doc: 'B' }));
  const read = await store.read(cluster, 'task', ['b', 'nobody', 'a']);
  t.deepEqual(
    read.map((fields) => fields?.['doc']),
    ['B', undefined, 'A'],
  );
});

bothStores('revisions of a family count up, also when registered at once', async (t, store) => {
  const register = () => store.registerTaskDefinition({ family: 'web', fields: { doc: '{}', status: 'ACTIVE' } });
  const revisions = await Promise.all(Array.from({ length: 20 }, register));
  t.deepEqual(
    revisions.map(({ revision }) => revision).sort((a, b) => a - b),
    Array.from({ length: 20 }, (_, i) => i + 1),
  );
  await store.remove({ partition: globalPartition, kind: 'task-definition', id: 'web:20', expect: 'any' });
  t.is((await register()).revision, 21, 'a revision is never used twice');
  t.is((await store.read(globalPartition, 'task-definition', ['web:21']))[0]?.['version'], '1');
});

// ── DeleteCluster ──

bothStores('a cluster is deleted only without active instances, services and tasks', async (t, store) => {
  await openSession(store, 'i1');
  await createService(store);
  await createTasks(store, aTask('a'));
  t.like(await store.deleteCluster(cluster), { reason: 'INSTANCES' });
  await store.abandonTasks({ cluster, instance: 'i1', tasks: [], now: 1, instanceStatus: 'INACTIVE' });
  t.like(await store.deleteCluster(cluster), { reason: 'SERVICES' });
  await putService(store, { set: { status: 'INACTIVE' } });
  t.like(await store.deleteCluster(cluster), { reason: 'TASKS' });
  await stop(store, 'a');
  t.true((await store.deleteCluster(cluster)).ok);
  t.is((await store.read(cluster, 'cluster', [cluster]))[0]?.['status'], 'INACTIVE');
  t.like(await store.deleteCluster('nowhere'), { reason: 'NOT_FOUND' });
});

bothStores('nothing enters a deleted cluster: no task, no instance, no service', async (t, store) => {
  await store.deleteCluster(cluster);
  t.like(await createTasks(store, aTask('a')), { reason: 'CLUSTER_NOT_ACTIVE' });
  t.like(await openSession(store, 'i1'), { reason: 'CLUSTER_NOT_FOUND' });
  t.false((await createService(store)).ok);
});

// ── the change feed ──

bothStores('the feed tells every record that changed after a position once, as it is now', async (t, store) => {
  const since = await store.feedEnd(cluster);
  await createTasks(store, aTask('a'), aTask('b'));
  await createService(store);
  await putService(store, { set: { doc: 'newest' } });
  const changes = await store.readChanges(cluster, since);
  t.deepEqual(changesOf(changes), ['task/a', 'task/b', 'service/web']);
  t.is(changes.reset ? '' : changes.changes[2]?.fields?.['doc'], 'newest');
  const seq = changes.reset ? 0 : changes.seq;
  t.is(seq, await store.feedEnd(cluster));
  t.deepEqual(await store.readChanges(cluster, seq), { reset: false, seq, changes: [] });
});

bothStores('the feed gives values as they were written: empty ones, and whatever JSON can hold', async (t, store) => {
  const since = await store.feedEnd(cluster);
  const doc = JSON.stringify({ text: '\u0000 \u001f \n "quoted" ÿ 日本 😀', none: [] });
  await createService(store);
  await putService(store, { set: { doc, state: '', tags: '{}' } });
  const changes = await store.readChanges(cluster, since);
  t.like(changes.reset ? {} : changes.changes[0]?.fields, { doc, state: '', tags: '{}' });
});

bothStores('a position that the feed never reached is another store: reset', async (t, store) => {
  t.deepEqual(await store.readChanges(cluster, (await store.feedEnd(cluster)) + 1), { reset: true });
});

bothStores(
  'a position that the feed no longer reaches back to is a reset, never a silent gap',
  async (t, store) => {
    await createService(store);
    const early = await store.feedEnd(cluster);
    for (let i = 0; i < 5; i++) await createTasks(store, ...Array.from({ length: 200 }, (_, n) => aTask(`t${i}-${n}`)));
    t.deepEqual(await store.readChanges(cluster, early), { reset: true });
    const late = (await store.feedEnd(cluster)) - 50;
    t.is(changesOf(await store.readChanges(cluster, late)).length, 50);
  },
  { feedLength: 100 },
);

bothStores('more changed records than a snapshot is worth are a reset', async (t, store) => {
  const since = await store.feedEnd(cluster);
  for (let i = 0; i < 21; i++) await createTasks(store, ...Array.from({ length: 1_000 }, (_, n) => aTask(`t${i}-${n}`)));
  t.deepEqual(await store.readChanges(cluster, since), { reset: true });
});

bothStores('a snapshot taken during writes, and the changes after its start, are the partition exactly', async (t, store) => {
  await createTasks(store, ...Array.from({ length: 1_500 }, (_, n) => aTask(`t${n}`)));
  const since = await store.feedEnd(cluster);
  const view = new Map<string, Fields>();
  let writes = 0;
  for await (const chunk of store.snapshot(cluster)) {
    for (const { kind, id, fields } of chunk) view.set(`${kind}/${id}`, fields);
    writes += 1;
    await stop(store, `t${writes}`, `t${1_499 - writes}`);
    await store.remove({ partition: cluster, kind: 'task', id: `t${writes + 100}`, expect: 'any' });
    await createTasks(store, aTask(`late${writes}`));
  }
  const changes = await store.readChanges(cluster, since);
  for (const { kind, id, fields } of changes.reset ? [] : changes.changes) {
    if (fields) view.set(`${kind}/${id}`, { ...view.get(`${kind}/${id}`), ...fields });
    else view.delete(`${kind}/${id}`);
  }
  const now = new Map((await dump(store)).map(({ kind, id, fields }) => [`${kind}/${id}`, fields]));
  t.true(isDeepStrictEqual(decodable(view), decodable(now)), 'the view is what the store holds');
});

/** What readers decode: of a task that they know, changes tell no more. */
const decodable = (records: Map<string, Fields>): Map<string, Fields> =>
  new Map(
    [...records].map(([name, fields]) => {
      const wanted = ['doc', 'version', ...changingTaskFields].flatMap((each) => (fields[each] ? [[each, fields[each]]] : []));
      return [name, name.startsWith('task/') ? (Object.fromEntries(wanted) as Fields) : fields];
    }),
  );

bothStores('waiting for changes ends with the partitions that have changes', async (t, store) => {
  const here = await store.feedEnd(cluster);
  const positions = new Map([
    [cluster, here],
    ['elsewhere', 0],
  ]);
  const waiting = store.waitForChanges(positions, 60_000);
  await createService(store);
  t.deepEqual(await waiting, [cluster]);
  t.deepEqual(await store.waitForChanges(positions, 60_000), [cluster], 'at once when it has passed already');
});

bothStores('waiting for changes ends with nothing after its time, or when told to', async (t, store) => {
  const positions = new Map([[cluster, await store.feedEnd(cluster)]]);
  t.deepEqual(await store.waitForChanges(positions, 30), []);
  const giveUp = new AbortController();
  const waiting = store.waitForChanges(positions, 60_000, giveUp.signal);
  giveUp.abort();
  t.deepEqual(await waiting, []);
  t.deepEqual(await store.waitForChanges(positions, 60_000, giveUp.signal), []);
});

bothStores('many may wait at once, each for partitions of its own', async (t, store) => {
  const waiting = Array.from({ length: 20 }, (_, i) => store.waitForChanges(new Map([[`other-${i}`, 0]]), 60_000));
  const slow = store.waitForChanges(new Map([['never', 0]]), 200);
  for (let i = 0; i < 20; i++) await store.put({ partition: `other-${i}`, kind: 'setting', id: 'x', expect: 'any', set: {} });
  t.deepEqual(
    await Promise.all(waiting),
    Array.from({ length: 20 }, (_, i) => [`other-${i}`]),
  );
  t.deepEqual(await slow, []);
});

bothStores('waiting from a position of another store ends at once', async (t, store) => {
  t.deepEqual(await store.waitForChanges(new Map([[cluster, 1_000_000]]), 60_000), [cluster]);
});

// ── hints ──

bothStores('hints stay until taken, each once', async (t, store) => {
  const written = await putService(store, { set: { doc: '{}' }, hints: ['service/web', 'placement', 'service/web'] });
  t.deepEqual(written.ok && written.hints, ['service/web', 'placement']);
  await putService(store, { hints: ['placement'] });
  t.deepEqual(await hintsOf(store), ['placement', 'service/web']);
  await store.clearHint(cluster, 'placement');
  t.deepEqual(await hintsOf(store), ['service/web']);
});

bothStores('a store keeps its identity', async (t, store) => {
  const first = await store.identity();
  t.like(first, { epoch: 1, schemaVersion: 1 });
  t.regex(first.id, /^[0-9a-f-]{36}$/);
  t.deepEqual(await store.identity(), first);
});

bothStores(
  "raising a store's epoch keeps its id and is for good, and of many that do it at once each raises it",
  async (t, store) => {
    const first = await store.identity();
    const raised = await Promise.all(Array.from({ length: 5 }, () => store.raiseEpoch()));
    t.is(new Set(raised.map(({ epoch }) => epoch)).size, 5);
    const last = Math.max(...raised.map(({ epoch }) => epoch));
    t.deepEqual(await store.identity(), { ...first, epoch: last });
  },
);

bothStores('an older copy of a store that is raised later is ahead of what was raised before', async (t, store) => {
  const before = Math.floor(Date.now() / 1000);
  t.true((await store.raiseEpoch()).epoch >= before, 'agents that have seen many epochs follow a backup of the first');
});

test('two stores have different identities', async (t) => {
  const stores = [await makeStore('Redis'), await makeStore('Redis'), await makeStore('memory')];
  const ids = await Promise.all(stores.map(async (store) => (await store.identity()).id));
  t.is(new Set(ids).size, 3);
  await Promise.all(stores.map((store) => store.close()));
});
