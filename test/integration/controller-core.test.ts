/** The controller's core on a real Redis: exact counts whatever dies. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { RedisStore } from '../../packages/controller/src/store/redis-store.ts';
import { silentLogger } from '@mini-ecs/shared';
import {
  aliveTasks,
  boundTasks,
  cluster,
  createCluster,
  createService,
  openInstance,
  playAgents,
  reportTask,
  scaleService,
  startRedisCore,
  type ControllerCore,
} from '../support/controller-core.ts';
import { eventually } from '../support/eventually.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

type Teardown = { teardown(fn: () => Promise<void>): void };

async function start(t: Teardown): Promise<ControllerCore & { redis: TestRedis }> {
  const redis = await startTestRedis();
  t.teardown(() => redis.stop());
  const core = await startRedisCore({ redisUrl: redis.url });
  t.teardown(() => core.close());
  await createCluster(core.store);
  await core.projections.current(cluster);
  return { ...core, redis };
}

async function coreProcess(t: Teardown, redisUrl: string): Promise<ChildProcess> {
  const child = fork(fileURLToPath(new URL('../support/core-process.ts', import.meta.url)), [redisUrl], { execArgv: [] });
  t.teardown(async () => void child.kill('SIGKILL'));
  await once(child, 'message');
  return child;
}

const runningTasks = (core: ControllerCore, service: string) =>
  boundTasks(core.projections.peek(cluster)!, service).filter(({ observed }) => observed.lastStatus === 'RUNNING');

const untilRunning = (core: ControllerCore, service: string, count: number, withinMs = 20_000) =>
  eventually(
    () => runningTasks(core, service).length === count && aliveTasks(core.projections.peek(cluster)!, service).length === count,
    {
      withinMs,
      describe: () => {
        const view = core.projections.peek(cluster)!;
        return `of ${count} tasks ${aliveTasks(view, service).length} are alive, ${runningTasks(core, service).length} RUNNING`;
      },
    },
  );

/** Fails as soon as the service has more tasks than desired; only while it is scaled out. */
function watchForSurplus(core: ControllerCore, service: string): { worst(): number } {
  let worst = 0;
  core.projections.onChange((_name, _changes, view) => {
    const desired = view.services.get(service)?.spec.desiredCount ?? 0;
    worst = Math.max(worst, aliveTasks(view, service).length - desired);
  });
  return { worst: () => worst };
}

test.serial('the replacement of a stopped task has its place within milliseconds', async (t) => {
  const core = await start(t);
  const instances = [await openInstance(core.store), await openInstance(core.store)];
  playAgents(core, instances);
  await createService(core.store, { name: 'web', desiredCount: 20 });
  await untilRunning(core, 'web', 20);
  const times: number[] = [];
  for (let i = 0; i < 30; i += 1) {
    const before = new Set(runningTasks(core, 'web').map(({ id }) => id));
    const victim = runningTasks(core, 'web')[0]!;
    const stopped = performance.now();
    const replaced = core.projections.waitUntil(cluster, 10_000, (view) =>
      boundTasks(view, 'web').find(({ id }) => !before.has(id)),
    );
    await reportTask(
      core.store,
      instances.find(({ id }) => id === victim.instance)!,
      victim,
      'STOPPED',
    );
    t.truthy(await replaced);
    times.push(performance.now() - stopped);
    await untilRunning(core, 'web', 20);
  }
  const median = times.sort((a, b) => a - b)[15]!;
  t.log(`from STOPPED to the replacement's binding: median ${median.toFixed(1)} ms, most ${times.at(-1)!.toFixed(1)} ms`);
  t.true(median < 1_000); // about 8 ms on an idle machine
});

test('Redis is killed and started again during a scale-out: the service converges by itself to exactly its count', async (t) => {
  const core = await start(t);
  const instances = [await openInstance(core.store), await openInstance(core.store)];
  playAgents(core, instances);
  const surplus = watchForSurplus(core, 'web');
  await createService(core.store, { name: 'web', desiredCount: 5 });
  await untilRunning(core, 'web', 5);
  for (const desiredCount of [20, 60]) {
    await scaleService(core.store, core.projections.peek(cluster)!.services.get('web')!, desiredCount);
    await core.redis.restart();
    // What agents would do: say again what was not acknowledged.
    const again = setInterval(() => void tellAgain(core, instances), 200);
    await untilRunning(core, 'web', desiredCount).finally(() => clearInterval(again));
  }
  t.is(surplus.worst(), 0);
});

async function tellAgain(core: ControllerCore, instances: { id: string; session: string }[]): Promise<void> {
  const view = core.projections.peek(cluster);
  for (const task of view?.tasks.values() ?? []) {
    const instance = instances.find(({ id }) => id === task.instance);
    if (instance && task.observed.lastStatus === 'PROVISIONING') {
      await reportTask(core.store, instance, task, 'RUNNING').catch(() => undefined);
    }
  }
}

test('a Redis that is away for seconds leaves the controller alive, and what was asked for then happens afterwards', async (t) => {
  const core = await start(t);
  playAgents(core, [await openInstance(core.store)]);
  await createService(core.store, { name: 'web', desiredCount: 2 });
  await untilRunning(core, 'web', 2);
  await core.redis.kill();
  await t.throwsAsync(core.projections.current(cluster));
  await core.redis.start();
  // It may be slow to come back.
  await eventually(async () => (await core.projections.current(cluster).catch(() => undefined))?.services.has('web'));
  await scaleService(core.store, core.projections.peek(cluster)!.services.get('web')!, 4);
  await untilRunning(core, 'web', 4);
  t.pass();
});

test('hints that nobody queued are found by the dirty pass', async (t) => {
  const core = await start(t);
  playAgents(core, [await openInstance(core.store)]);
  const past = await RedisStore.connect({ url: core.redis.url, log: silentLogger });
  t.teardown(() => past.close());
  await createService(past, { name: 'web', desiredCount: 3 });
  await untilRunning(core, 'web', 3);
  t.pass();
});

test('three controllers, one of them killed with -9 again and again: never a task too many, at the end exactly enough', async (t) => {
  const core = await start(t);
  const instances = await Promise.all(['a', 'b', 'c'].map((zone) => openInstance(core.store, { zone: `us-east-1${zone}` })));
  playAgents(core, instances);
  const surplus = watchForSurplus(core, 'web');
  let victim = await coreProcess(t, core.redis.url);
  await coreProcess(t, core.redis.url);
  await createService(core.store, { name: 'web', desiredCount: 3 });
  for (const desiredCount of [12, 30, 75]) {
    const service = (await core.projections.current(cluster)).services.get('web')!;
    await scaleService(core.store, service, desiredCount);
    victim.kill('SIGKILL');
    victim = await coreProcess(t, core.redis.url);
    await untilRunning(core, 'web', desiredCount);
  }
  t.is(surplus.worst(), 0);
  const view = await core.projections.current(cluster);
  for (const { id } of instances) t.is(view.tasksOfInstance(id).length, 25);
});
