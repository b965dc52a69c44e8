import { silentLogger, systemClock } from '@mini-ecs/shared';
import test from 'ava';
import { eventually } from '../../../../test/support/eventually.ts';
import { cluster, createCluster, createService, openInstance, runTasks } from '../../../../test/support/controller-core.ts';
import { MemoryStore } from '../store/memory-store.ts';
import { globalPartition, StoreUnavailableError, type Store } from '../store/store.ts';
import type { RecordChange } from './projection.ts';
import { ProjectionTimeoutError, StoreProjections } from './store-projections.ts';

interface Faults {
  /** Reads of the feed and waiting fail as when Redis is away. */
  isAway: boolean;
  /** Reads of the feed never answer. */
  isSilent: boolean;
  reads: number;
}

/** A memory store that can be away, or silent. */
function faultyStore(store: Store): { store: Store; faults: Faults } {
  const faults: Faults = { isAway: false, isSilent: false, reads: 0 };
  const guard = (): void => {
    if (faults.isAway) throw new StoreUnavailableError('away');
  };
  const faulty = Object.assign(Object.create(store) as Store, {
    async readChanges(partition: string, since: number) {
      faults.reads += 1;
      guard();
      if (faults.isSilent) return new Promise<never>(() => undefined);
      return store.readChanges(partition, since);
    },
    async waitForChanges(positions: Map<string, number>, timeoutMs: number, signal?: AbortSignal) {
      guard();
      return store.waitForChanges(positions, timeoutMs, signal);
    },
    feedEnd: (partition: string) => store.feedEnd(partition),
    snapshot: (partition: string) => store.snapshot(partition),
  });
  return { store: faulty, faults };
}

async function start(t: { teardown(fn: () => Promise<void>): void }, { feedLength = 1_000 } = {}) {
  const store = new MemoryStore({ clock: systemClock, feedLength });
  await createCluster(store);
  const { store: faulty, faults } = faultyStore(store);
  const projections = await StoreProjections.start({ store: faulty, log: silentLogger, readTimeoutMs: 300 });
  t.teardown(() => projections.close());
  return { store, projections, faults };
}

test('a caller sees every write that was acknowledged before it asked', async (t) => {
  const { store, projections } = await start(t);
  for (let i = 0; i < 50; i += 1) {
    const { ids } = await runTasks(store, 1);
    t.true((await projections.current(cluster)).tasks.has(ids[0]!));
  }
  t.is((await projections.current(cluster)).position, await store.feedEnd(cluster));
  const { revision } = await store.registerTaskDefinition({ family: 'web', fields: { doc: '{"request":{}}', status: 'ACTIVE' } });
  t.deepEqual(
    (await projections.currentGlobal()).revisionsOf('web').map((definition) => definition.revision),
    [1, revision],
  );
});

test('many who ask at once share a few reads', async (t) => {
  const { projections, faults } = await start(t);
  await projections.current(cluster);
  const before = faults.reads;
  await Promise.all(Array.from({ length: 1_000 }, () => projections.current(cluster)));
  t.true(faults.reads - before <= 4, `${faults.reads - before} reads`);
});

test('a name that nothing was written under gives an empty view and is not followed', async (t) => {
  const { projections } = await start(t);
  const view = await projections.current('nobody-made-it');
  t.is(view.cluster, undefined);
  t.is(view.tasks.size, 0);
  t.is(projections.peek('nobody-made-it'), undefined);
});

test('a cluster that another controller creates is followed without being asked for', async (t) => {
  const { store, projections } = await start(t);
  await store.put({ partition: globalPartition, kind: 'cluster-name', id: 'blue', expect: 'any', set: {} });
  await store.put({ partition: 'blue', kind: 'cluster', id: 'blue', expect: 'absent', set: { doc: '{}', status: 'ACTIVE' } });
  const view = await eventually(() => projections.peek('blue'));
  await eventually(() => view.cluster?.status === 'ACTIVE');
  t.deepEqual(
    projections
      .clusters()
      .map(({ name }) => name)
      .sort(),
    ['blue', cluster],
  );
});

test('where the feed was trimmed the snapshot is loaded again, and listeners hear of what came and what went', async (t) => {
  const { store, projections, faults } = await start(t, { feedLength: 10 });
  const { ids: gone, requestId } = await runTasks(store, 1);
  const view = await projections.current(cluster);
  const heard: RecordChange[] = [];
  projections.onChange((_name, changes) => heard.push(...changes));

  faults.isAway = true;
  const withdraw = gone.map((task) => ({ task, requestId, refusal: '{}' }));
  await store.commitPlacement({ cluster, now: 1, bind: [], withdraw, serviceRefusals: [] });
  // More than the feed keeps, however generously it trims.
  const { ids } = await runTasks(store, 400);
  faults.isAway = false;

  t.is(await projections.current(cluster), view, 'a view is live');
  t.deepEqual([...view.tasks.keys()].sort(), [...ids].sort());
  t.is(view.position, await store.feedEnd(cluster));
  t.true(heard.some(({ id }) => id === gone[0]));
  t.true(heard.some(({ id }) => id === ids[399]));
});

test('while the store is away the last view stays and asking fails with its error; then all is there again', async (t) => {
  const { store, projections, faults } = await start(t);
  await projections.current(cluster);
  faults.isAway = true;
  const { ids } = await runTasks(store, 1);
  await t.throwsAsync(projections.current(cluster), { instanceOf: StoreUnavailableError });
  t.is(projections.peek(cluster)?.cluster?.name, cluster);
  faults.isAway = false;
  t.true(await projections.waitUntil(cluster, 5_000, (view) => view.tasks.has(ids[0]!) || undefined));
});

test('a store that does not answer is given up on in bounded time', async (t) => {
  const { projections, faults } = await start(t);
  await projections.current(cluster);
  faults.isSilent = true;
  await t.throwsAsync(projections.current(cluster), { instanceOf: ProjectionTimeoutError, message: /within 300 ms/ });
});

test('waiting ends with the first answer, at once if it is there already, or with the time', async (t) => {
  const { store, projections } = await start(t);
  await projections.current(cluster);
  const waiting = projections.waitUntil(cluster, 5_000, (view) => view.instances.get('i1')?.id);
  await openInstance(store, { id: 'i1' });
  t.is(await waiting, 'i1');
  t.is(await projections.waitUntil(cluster, 0, (view) => view.instances.size || undefined), 1);
  t.is(await projections.waitUntil(cluster, 20, (view) => view.instances.get('i2')), undefined);
  await t.throwsAsync(
    projections.waitUntil(cluster, 1_000, () => {
      throw new Error('a fault of the caller');
    }),
    { message: 'a fault of the caller' },
  );
});

test('a record that cannot be read is left out and holds up no other', async (t) => {
  const { store, projections } = await start(t);
  await store.put({ partition: cluster, kind: 'service', id: 'broken', expect: 'absent', set: { doc: '{', status: 'ACTIVE' } });
  await createService(store, { name: 'web' });
  t.deepEqual([...(await projections.current(cluster)).services.keys()], ['web']);
});
