/** Whole lives of tasks on a simulated engine, in virtual time, with faults thrown in. */
import test from 'ava';
import fc from 'fast-check';
import { silentLogger, taskStatusRank, type AssignedTask, type TaskStatus } from '@mini-ecs/shared';
import { aContainer, anAssignedTask } from '../../../../test/support/assigned-tasks.ts';
import { defaultPolicy } from '../domain/agent-policy.ts';
import { taskLabels } from '../domain/container-labels.ts';
import type { TaskRecord, TaskReport } from '../domain/task-record.ts';
import type { SimulatedBehaviour } from '../runtime/simulated-behaviour.ts';
import { SimulatedRuntime } from '../runtime/simulated-runtime.ts';
import { VirtualTimers } from '../virtual-timers.ts';
import { ConcurrencyLimit } from './concurrency-limit.ts';
import { ImagePuller } from './image-puller.ts';
import { stepExecutors } from './step-executors.ts';
import { TaskEngine } from './task-engine.ts';

const taskId = 'feedfacefeedfacefeedfacefeedface';
const owner = { instanceId: 'instance', storeId: 'store' };

type Fault = { atMs: number } & (
  | { kind: 'engine away'; forMs: number; containersDie: boolean }
  | { kind: 'agent restarts'; keepsState: boolean }
  | { kind: 'task is to stop' }
);

interface Life {
  containers: { behaviour: SimulatedBehaviour; essential: boolean; condition?: 'START' | 'COMPLETE' | 'SUCCESS' | 'HEALTHY' }[];
  faults: Fault[];
}

const ms = (max: number) => fc.integer({ min: 0, max });
const rarely = (error: string) =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.constant(error) });
const sometimes = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 });

const behaviour: fc.Arbitrary<SimulatedBehaviour> = fc.record({
  cached: fc.boolean(),
  pullMs: ms(2000),
  pullError: rarely('pull access denied'),
  createError: rarely('invalid mount'),
  startError: rarely('exec: not found'),
  createMs: ms(300),
  startMs: ms(500),
  exitsAfterMs: sometimes(ms(5000)),
  exitCode: fc.integer({ min: 0, max: 1 }),
  outOfMemory: fc.boolean(),
  stopMs: fc.oneof(ms(3000), fc.constant(Infinity)),
  health: fc.constantFrom([], [{ afterMs: 500, status: 'HEALTHY' as const }]),
});

const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ kind: fc.constant('engine away' as const), atMs: ms(10_000), forMs: ms(8000), containersDie: fc.boolean() }),
  fc.record({ kind: fc.constant('agent restarts' as const), atMs: ms(10_000), keepsState: fc.boolean() }),
  fc.record({ kind: fc.constant('task is to stop' as const), atMs: ms(10_000) }),
);

const life: fc.Arbitrary<Life> = fc.record({
  containers: fc.array(
    fc.record({
      behaviour,
      essential: fc.boolean(),
      condition: sometimes(fc.constantFrom('START', 'COMPLETE', 'SUCCESS', 'HEALTHY')),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  faults: fc.array(fault, { maxLength: 4 }),
});

/** Each container depends on the one before it; the first is essential, as one must be. */
function specOf({ containers }: Life): AssignedTask {
  return anAssignedTask(taskId, {
    containers: containers.map(({ essential, condition }, index) =>
      aContainer({
        name: `c${index}`,
        image: `image${index}`,
        essential: essential || index === 0,
        stopTimeout: 2,
        dependsOn: condition && index > 0 ? [{ containerName: `c${index - 1}`, condition }] : [],
      }),
    ),
  });
}

class World {
  readonly timers = new VirtualTimers();
  readonly runtime: SimulatedRuntime;
  readonly reports: TaskReport[] = [];
  readonly starts: string[] = [];
  readonly given: Life;
  readonly spec: AssignedTask;
  desiredStatus: 'RUNNING' | 'STOPPED' = 'RUNNING';
  engine: TaskEngine;
  #watch: { close(): void };

  constructor(life: Life) {
    this.given = life;
    this.spec = specOf(life);
    this.runtime = new SimulatedRuntime({
      timers: this.timers,
      behaviour: ({ image }) => life.containers[Number(image.slice('image'.length))]?.behaviour ?? {},
    });
    this.runtime.watch(owner.instanceId, (event) => {
      if (event.kind === 'changed' && event.what === 'started') this.starts.push(event.id);
    });
    this.engine = this.#newEngine();
    this.#watch = this.#watchEngine();
  }

  assign(): void {
    this.engine.assignAll([{ taskId, desiredStatus: this.desiredStatus, spec: this.spec }]);
  }

  async restart(keepsState: boolean): Promise<void> {
    await this.restartWith(keepsState ? this.engine.records() : []);
  }

  async restartWith(records: TaskRecord[]): Promise<void> {
    this.engine.close();
    this.#watch.close();
    this.engine = this.#newEngine();
    this.engine.restore(records);
    await this.#lookUntilReachable();
    this.#watch = this.#watchEngine();
    this.assign();
  }

  /** As the agent does: nothing is planned before what is there is known. */
  async #lookUntilReachable(): Promise<void> {
    try {
      await this.engine.look();
    } catch {
      this.runtime.comeBack();
      await this.engine.look();
    }
  }

  #watchEngine(): { close(): void } {
    const { engine } = this;
    return this.runtime.watch(owner.instanceId, (event) => {
      if (event.kind === 'connected') void engine.look().catch(() => undefined);
      if (event.kind === 'changed') void engine.notice(event).catch(() => undefined);
    });
  }

  #newEngine(): TaskEngine {
    const { runtime, timers } = this;
    const images = new ImagePuller(runtime, 'default', timers);
    const engine: TaskEngine = new TaskEngine({
      runtime,
      timers,
      executors: stepExecutors({ runtime, timers, images, launches: new ConcurrencyLimit(2) }),
      policy: defaultPolicy,
      owner: () => owner,
      log: silentLogger,
      onChange: () => undefined,
      onReport: () => {
        const report = engine.reportOf(taskId);
        if (report) this.reports.push(report);
      },
    });
    return engine;
  }
}

async function liveThrough(given: Life): Promise<World> {
  const world = new World(given);
  await world.timers.advance(0);
  world.assign();
  for (const next of given.faults.toSorted((a, b) => a.atMs - b.atMs)) {
    await world.timers.advance(next.atMs - (world.timers.now() - 1_700_000_000_000));
    if (next.kind === 'agent restarts') await world.restart(next.keepsState);
    if (next.kind === 'task is to stop') world.desiredStatus = 'STOPPED';
    if (next.kind === 'task is to stop') world.assign();
    if (next.kind !== 'engine away') continue;
    world.runtime.goAway(next);
    await world.timers.advance(next.forMs);
    world.runtime.comeBack();
  }
  await world.timers.advance(120_000);
  return world;
}

const lives = (check: (world: World) => boolean | void | Promise<boolean | void>) =>
  fc.assert(
    fc.asyncProperty(life, async (given) => check(await liveThrough(given))),
    { numRuns: 150 },
  );

test('a container is never started twice', async (t) => {
  await lives(({ starts }) => new Set(starts).size === starts.length);
  t.pass();
});

test("a task's status only moves forward, also over restarts of an agent with its state", async (t) => {
  const isKept = ({ faults }: Life): boolean => faults.every((each) => each.kind !== 'agent restarts' || each.keepsState);
  await lives(({ reports, given }) => {
    // Without its state the agent may try again what failed; the store then takes no step back.
    if (!isKept(given)) return true;
    const ranks = reports.map(({ lastStatus }) => taskStatusRank(lastStatus satisfies TaskStatus));
    return ranks.every((rank, index) => index === 0 || rank >= (ranks[index - 1] ?? 0));
  });
  t.pass();
});

test('when all is quiet a task runs whole, or waits for a dependency, or is stopped whole', async (t) => {
  await lives(async ({ runtime, engine, desiredStatus, spec }) => {
    const report = engine.reportOf(taskId);
    const running = (await runtime.list()).filter(({ state }) => state === 'running').length;
    if (report?.lastStatus === 'STOPPED') return running === 0;
    if (desiredStatus === 'STOPPED' || report?.lastStatus === 'STOPPING') return false;
    const essentials = spec.containers.filter(({ essential }) => essential).map(({ name }) => name);
    return report?.containers.every(({ name, lastStatus }) => !essentials.includes(name) || lastStatus !== 'STOPPED') === true;
  });
  t.pass();
});

test('a stopped task tells why: its own cause, or none because it was told to', async (t) => {
  await lives(({ engine, desiredStatus }) => {
    const report = engine.reportOf(taskId);
    if (report?.lastStatus !== 'STOPPED') return true;
    if (report.stopCode === undefined) return desiredStatus === 'STOPPED';
    const failed = report.containers.some(({ reason }) => reason?.startsWith('Cannot'));
    return report.stopCode !== 'TaskFailedToStart' || failed;
  });
  t.pass();
});

test("what carries the instance's label and is not assigned is stopped", async (t) => {
  const timers = new VirtualTimers();
  const world = new World({ containers: [{ behaviour: {}, essential: true }], faults: [] });
  await timers.advance(0);
  const spec = anAssignedTask('00000000000000000000000000000001');
  const container = aContainer();
  const { id } = await (async () => {
    const creating = world.runtime.create({
      name: 'stray',
      labels: taskLabels(spec, owner, 'app'),
      task: spec,
      container,
      names: {},
      volumes: {},
    });
    await world.timers.advance(10);
    return creating;
  })();
  const starting = world.runtime.start(id);
  await world.timers.advance(100);
  await starting;
  await world.engine.look();
  t.like(await world.runtime.inspect(id), { state: 'running' });
  world.engine.assignAll([]);
  await world.timers.advance(1000);
  t.like(await world.runtime.inspect(id), { state: 'exited' });
});

test('an agent whose state is older than its containers takes up all of them before it plans', async (t) => {
  const behaviours: SimulatedBehaviour[] = [{ createMs: 300 }, { createMs: 300 }];
  const world = new World({ containers: behaviours.map((behaviour) => ({ behaviour, essential: true })), faults: [] });
  await world.timers.advance(0);
  world.assign();
  await world.timers.advance(200);
  const early = world.engine.records();
  await world.timers.advance(10_000);
  t.is(world.engine.reportOf(taskId)?.lastStatus, 'RUNNING');
  // Whoever plans on half of them asks for the other one again: the image may be gone since.
  for (const behaviour of behaviours) behaviour.createError = 'no such image';
  await world.restartWith(early);
  await world.timers.advance(10_000);
  t.is(world.engine.reportOf(taskId)?.lastStatus, 'RUNNING');
  t.is((await world.runtime.list()).filter(({ state }) => state === 'running').length, 2);
});

test('a start that an earlier agent asked for, and that comes when the task is stopped already, is stopped too', async (t) => {
  const world = await liveThrough({
    containers: [{ behaviour: { createMs: 0, startMs: 300 }, essential: true }],
    faults: [
      { kind: 'task is to stop', atMs: 100 },
      { kind: 'agent restarts', atMs: 200, keepsState: true },
    ],
  });
  t.is(world.starts.length, 1);
  t.is(world.engine.reportOf(taskId)?.lastStatus, 'STOPPED');
  t.deepEqual(
    (await world.runtime.list()).map(({ state }) => state),
    ['exited'],
  );
});
