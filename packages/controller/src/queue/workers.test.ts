/** The workers on a store in memory: what they commit, and what they do when somebody else was first. */
import { systemClock } from '@mini-ecs/shared';
import test from 'ava';
import { eventually } from '../../../../test/support/eventually.ts';
import {
  aliveTasks,
  boundTasks,
  cluster,
  createCluster,
  createService,
  openInstance,
  playAgents,
  reportTask,
  runTasks,
  scaleService,
  startCore,
  type ControllerCore,
} from '../../../../test/support/controller-core.ts';
import type { ClusterView } from '../projection/projection.ts';
import { MemoryStore } from '../store/memory-store.ts';
import { placementHint, serviceHint, type Store } from '../store/store.ts';
import { abandonAfterMs, keepStoppedMs } from '../domain/retention.ts';
import { abandonLostTasks, reapStopped, withdrawOverdue } from './janitor.ts';
import { MemoryWorkQueue } from './memory-work-queue.ts';
import { lookAtPlacement } from './placement-worker.ts';
import { lookAtService } from './service-worker.ts';
import { runDirtyPass } from './dirty-pass.ts';
import { runSlowPass } from './slow-pass.ts';
import type { Work } from './work.ts';

type Teardown = { teardown(fn: () => Promise<void>): void };
type Faults = (store: Store) => Partial<Store>;

async function start(t: Teardown, faults: Faults = () => ({})) {
  const memory = new MemoryStore({ clock: systemClock });
  await createCluster(memory);
  const errors: unknown[] = [];
  const queue = new MemoryWorkQueue(systemClock, (_work, error) => errors.push(error));
  const store = overlaid(memory, faults(memory));
  const core = await startCore(store, queue, undefined, false);
  await core.projections.current(cluster);
  t.teardown(() => core.close());
  return { ...core, memory, queue, errors, idle: () => eventually(() => queue.isIdle) };
}

/** `store` with some of its commands replaced. */
const overlaid = (store: Store, replaced: Partial<Store>): Store =>
  new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(replaced, name) ?? Reflect.get(target, name);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });

const view = (core: Pick<ControllerCore, 'projections'>) => core.projections.current(cluster);

test('a service gets its tasks, and they get places spread over the zones', async (t) => {
  const core = await start(t);
  const zones = ['us-east-1a', 'us-east-1b', 'us-east-1c'];
  const instances = await Promise.all(zones.map((zone) => openInstance(core.store, { zone })));
  await createService(core.store, { name: 'web', desiredCount: 6 });
  await core.idle();
  const now = await view(core);
  t.is(boundTasks(now, 'web').length, 6);
  for (const { id } of instances) t.is(now.tasksOfInstance(id).length, 2);
  t.deepEqual(core.errors, []);
});

test('a stopped task is replaced and the service is whole again', async (t) => {
  const core = await start(t);
  const instance = await openInstance(core.store);
  const stopAgents = playAgents(core, [instance]);
  await createService(core.store, { name: 'web', desiredCount: 3 });
  await eventually(
    async () => boundTasks(await view(core), 'web').filter(({ observed }) => observed.lastStatus === 'RUNNING').length === 3,
  );
  const victim = boundTasks(await view(core), 'web')[0]!;
  await reportTask(core.store, instance, victim, 'STOPPED');
  await eventually(
    async () => boundTasks(await view(core), 'web').filter(({ observed }) => observed.lastStatus === 'RUNNING').length === 3,
  );
  stopAgents();
  t.false(boundTasks(await view(core), 'web').some(({ id }) => id === victim.id));
});

test('a task that turns UNHEALTHY gets its replacement at once, without waiting for the slow pass', async (t) => {
  const core = await start(t);
  const instance = await openInstance(core.store);
  await createService(core.store, { name: 'web', desiredCount: 1 });
  await core.idle();
  const [task] = boundTasks(await view(core), 'web');
  await reportTask(core.store, instance, task!, 'RUNNING', 'HEALTHY');
  await core.idle();
  await reportTask(core.store, instance, task!, 'RUNNING', 'UNHEALTHY');
  await core.idle();
  t.true(boundTasks(await view(core), 'web').some(({ id }) => id !== task!.id));
});

test('a decision that was overtaken is not committed but made again', async (t) => {
  let overtaken = 0;
  const core = await start(t, (store) => ({
    async commitService(command) {
      if (overtaken === 0) {
        overtaken += 1;
        const [fields] = await store.read(cluster, 'service', ['web']);
        const spec = { ...JSON.parse(fields!['doc']!), desiredCount: 5 };
        const set = { doc: JSON.stringify(spec) };
        await store.put({ partition: cluster, kind: 'service', id: 'web', expect: 'any', set, raise: ['specVersion'] });
      }
      return store.commitService(command);
    },
  }));
  await createService(core.store, { name: 'web', desiredCount: 2 });
  await core.idle();
  t.is(overtaken, 1);
  t.is(aliveTasks(await view(core), 'web').length, 5);
});

test('what another worker committed meanwhile is never overwritten, though it changed no task', async (t) => {
  let overtaken = 0;
  const core = await start(t, (store) => ({
    async commitService(command) {
      if (overtaken === 0 && command.create.length === 0) {
        overtaken += 1;
        const state = JSON.parse(command.state);
        const events = [{ id: 'theirs', createdAt: 1, message: 'theirs' }, ...state.events];
        await store.commitService({ ...command, state: JSON.stringify({ ...state, events }) });
      }
      return store.commitService(command);
    },
  }));
  const instance = await openInstance(core.store);
  await createService(core.store, { name: 'web', desiredCount: 1 });
  await core.idle();
  const [task] = boundTasks(await view(core), 'web');
  await reportTask(core.store, instance, task!, 'RUNNING');
  await core.idle();
  t.is(overtaken, 1);
  t.true((await view(core)).services.get('web')!.state.events.some(({ id }) => id === 'theirs'));
});

test('looking at a service again and again changes nothing more', async (t) => {
  const core = await start(t);
  await openInstance(core.store);
  await createService(core.store, { name: 'web', desiredCount: 2 });
  await core.idle();
  await lookAtService(core.context, cluster, 'web'); // tells of the tasks that were placed
  const { position } = await view(core);
  for (let i = 0; i < 5; i += 1) await lookAtService(core.context, cluster, 'web');
  await core.idle();
  t.is((await view(core)).position, position);
  await lookAtService(core.context, cluster, 'no-such-service');
});

test('a placement that the store refuses is decided anew on what is there then', async (t) => {
  let stolen = false;
  const core = await start(t, (store) => ({
    async commitPlacement(command) {
      const [first] = command.bind;
      if (first && !stolen) {
        stolen = true;
        // Another controller fills the chosen instance.
        const { ids } = await runTasks(store, 1, { resources: { cpu: 0, memory: 8_192, ports: [] } });
        const bind = [{ task: ids[0]!, instance: first.instance }];
        await store.commitPlacement({ cluster, now: 1, bind, withdraw: [], serviceRefusals: [] });
      }
      return store.commitPlacement(command);
    },
  }));
  await Promise.all([openInstance(core.store, { memory: 8_192 }), openInstance(core.store, { memory: 8_192 })]);
  await core.idle();
  const { ids } = await runTasks(core.store, 1);
  await core.idle();
  const placed = (await view(core)).tasks.get(ids[0]!);
  t.true(stolen);
  t.truthy(placed?.instance);
});

test('a task of RunTask without a place is withdrawn, and its refusal says why', async (t) => {
  const core = await start(t);
  await openInstance(core.store, { memory: 100 });
  const { requestId, ids } = await runTasks(core.store, 2);
  await core.idle();
  const now = await view(core);
  const bound = ids.filter((id) => now.tasks.get(id)?.instance !== undefined);
  const withdrawn = ids.filter((id) => !now.tasks.has(id));
  t.is(bound.length, 1);
  t.is(withdrawn.length, 1);
  const refusals = (await core.memory.refusals(cluster, requestId)).map((json) => JSON.parse(json));
  t.is(refusals.length, 1);
  t.is(refusals[0].task, withdrawn[0]);
  t.deepEqual(refusals[0].counts, [{ check: 'RESOURCE:MEMORY', instances: 1 }]);
});

test('a service whose tasks find no place is told why once, and its tasks wait for a place', async (t) => {
  const core = await start(t);
  await openInstance(core.store, { memory: 100 });
  await createService(core.store, { name: 'web', desiredCount: 4 });
  await core.idle();
  const told = (await view(core)).services.get('web')!;
  t.regex(told.refusal!.because, /memory/);
  const { position } = await view(core);
  for (let i = 0; i < 3; i += 1) await lookAtPlacement(core.context, cluster);
  await core.idle();
  t.is((await view(core)).position, position, 'the same refusal is not written again');

  await openInstance(core.store);
  await core.idle();
  const placed = await view(core);
  t.is(boundTasks(placed, 'web').length, 4);
  t.is(placed.services.get('web')!.refusal, undefined, 'what is placed has no refusal');
});

test('a thousand tasks are placed in slices, none twice', async (t) => {
  const core = await start(t);
  await Promise.all(Array.from({ length: 10 }, () => openInstance(core.store, { cpu: 1_000_000, memory: 1_000_000 })));
  await createService(core.store, { name: 'web', desiredCount: 1_200 });
  await core.idle();
  const now = await view(core);
  t.is(boundTasks(now, 'web').length, 1_200);
  for (const { id } of now.instances.values()) t.is(now.tasksOfInstance(id).length, 120);
});

test('of two controllers that look at once neither makes a surplus', async (t) => {
  const one = await start(t);
  const queue = new MemoryWorkQueue(systemClock, (_work, error) => t.fail(String(error)));
  const two = await startCore(one.memory, queue, undefined, false);
  t.teardown(() => two.close());
  await Promise.all([openInstance(one.store), openInstance(one.store)]);
  await createService(one.store, { name: 'web', desiredCount: 5 });
  for (const desiredCount of [9, 3, 17, 8]) {
    const service = (await view(one)).services.get('web')!;
    await scaleService(one.store, service, desiredCount);
    const works: Work[] = [
      { kind: 'service', cluster, service: 'web' },
      { kind: 'placement', cluster },
    ];
    two.context.sink.add(works);
    one.context.sink.add(works);
    await eventually(() => one.queue.isIdle && queue.isIdle);
    t.is(aliveTasks(await view(one), 'web').length, desiredCount);
  }
});

test('a hint that was lost is found by the dirty pass, a change without a hint by the slow pass', async (t) => {
  const core = await start(t);
  // Written past the queue, as by a controller that died before it queued the hint.
  await createService(core.memory, { name: 'web', desiredCount: 2 });
  t.deepEqual(await core.memory.hints(cluster), [serviceHint('web')]);
  await runDirtyPass(core.memory, core.context.sink, [cluster]);
  await core.idle();
  t.is(aliveTasks(await view(core), 'web').length, 2);
  t.false((await core.memory.hints(cluster)).includes(serviceHint('web')), 'a hint is forgotten when it is taken');

  await openInstance(core.memory);
  await core.memory.clearHint(cluster, placementHint);
  await view(core);
  await runSlowPass(core.context, core.projections.clusters());
  await core.idle();
  t.is(boundTasks(await view(core), 'web').length, 2);
});

test('the slow pass queues nothing for services that are as they should be', async (t) => {
  const core = await start(t);
  await openInstance(core.store);
  await createService(core.store, { name: 'web', desiredCount: 2 });
  await core.idle();
  await lookAtService(core.context, cluster, 'web'); // tells of the tasks that were placed
  await view(core);
  const queued: Work[] = [];
  const sink = { add: (work: readonly Work[]) => void queued.push(...work), lookAgainAt: () => undefined };
  await runSlowPass({ ...core.context, sink }, core.projections.clusters());
  t.deepEqual(queued, []);
});

// ── the janitor ──

test('a task stopped an hour ago is removed, one stopped since is kept', async (t) => {
  const core = await start(t);
  const instance = await openInstance(core.store);
  const { ids } = await runTasks(core.store, 1);
  await core.idle();
  await reportTask(core.store, instance, (await view(core)).tasks.get(ids[0]!)!, 'STOPPED');
  await reapStopped({ ...core.context, clock: { now: () => Date.now() + keepStoppedMs - 60_000 } }, cluster);
  t.true((await view(core)).tasks.has(ids[0]!));
  await reapStopped({ ...core.context, clock: { now: () => Date.now() + keepStoppedMs + 1_000 } }, cluster);
  t.false((await view(core)).tasks.has(ids[0]!));
});

test('tasks of an instance not seen for 24 hours become STOPPED, before that their last status stays', async (t) => {
  const core = await start(t);
  const { id } = await openInstance(core.store);
  const { ids } = await runTasks(core.store, 1);
  await core.idle();
  await disconnectedFor(core, id, abandonAfterMs - 60_000);
  await abandonLostTasks(core.context, await view(core));
  t.is((await view(core)).tasks.get(ids[0]!)!.observed.lastStatus, 'PROVISIONING');
  await disconnectedFor(core, id, abandonAfterMs + 60_000);
  await abandonLostTasks(core.context, await view(core));
  const { observed } = (await view(core)).tasks.get(ids[0]!)!;
  t.is(observed.lastStatus, 'STOPPED');
  t.is(observed.stoppedReason, 'The container instance has not been seen for 24 hours.');
});

test('an instance that came back meanwhile, or is away for long only by a wrong clock, keeps its tasks', async (t) => {
  const core = await start(t);
  const { id } = await openInstance(core.store);
  const { ids } = await runTasks(core.store, 1);
  await core.idle();
  await disconnectedFor(core, id, abandonAfterMs - 60_000);
  const fast = { now: () => Date.now() + 3_600_000 };
  await abandonLostTasks({ ...core.context, clock: fast }, await view(core));
  t.is((await view(core)).tasks.get(ids[0]!)!.observed.lastStatus, 'PROVISIONING');

  await disconnectedFor(core, id, abandonAfterMs + 60_000);
  const seenAway = snapshotOf(await view(core), id);
  await openInstance(core.store, { id });
  await abandonLostTasks(core.context, seenAway);
  t.is((await view(core)).tasks.get(ids[0]!)!.observed.lastStatus, 'PROVISIONING');
});

const disconnectedFor = (core: { memory: Store }, id: string, ms: number) =>
  core.memory.put({
    partition: cluster,
    kind: 'instance',
    id,
    expect: 'any',
    set: { connected: '0', disconnectedAt: String(Date.now() - ms) },
  });

/** What a janitor saw of an instance, while the cluster goes on. */
function snapshotOf(view: ClusterView, id: string): ClusterView {
  const instances = new Map([[id, view.instances.get(id)!]]);
  const tasks = view.tasksOfInstance(id);
  return { name: view.name, instances, tasksOfInstance: () => tasks } as Partial<ClusterView> as ClusterView;
}

test('a task of RunTask whose API died is withdrawn after placeBy', async (t) => {
  const core = await start(t);
  // Past the queue: nobody looks for a place.
  const began = Date.now();
  const { ids, requestId } = await runTasks(core.memory, 1);
  await withdrawOverdue({ ...core.context, clock: { now: () => began } }, await view(core));
  t.true((await view(core)).tasks.has(ids[0]!));
  await withdrawOverdue({ ...core.context, clock: { now: () => Date.now() + 10_000 } }, await view(core));
  t.false((await view(core)).tasks.has(ids[0]!));
  t.is((await core.memory.refusals(cluster, requestId)).length, 1);
});
