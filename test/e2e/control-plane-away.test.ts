/**
 * The control plane is away, hangs, or comes back with less than it knew: not one container is stopped or restarted for it, and no
 * host is judged lost.
 */
import {
  CreateServiceCommand,
  DescribeContainerInstancesCommand,
  ListContainerInstancesCommand,
  type ECSClient,
} from '@aws-sdk/client-ecs';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { createEcsClient, type ManagedProcess } from 'mini-ecs';
import { cpSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { dockerOf } from '../support/task-containers.ts';
import { aSleepingTask } from '../support/task-definitions.ts';
import { TestCluster } from '../support/test-cluster.ts';

const test = anyTest as TestFn<{ cluster: TestCluster }>;
type Context = ExecutionContext<{ cluster: TestCluster }>;

const tasks = 6;
/** A lease is 4 s: whoever was to be judged lost is, by then. */
const longerThanALeaseMs = 6_000;

test.before(async (t) => {
  const cluster = await TestCluster.start({ hosts: 3, controllers: 2 });
  t.context.cluster = cluster;
  await createService(cluster, 'steady');
});
test.after.always(async (t) => {
  await t.context.cluster?.destroy();
});

async function createService(cluster: TestCluster, name: string): Promise<void> {
  await cluster.register(aSleepingTask(name));
  await cluster.ecs.send(new CreateServiceCommand({ serviceName: name, taskDefinition: name, desiredCount: tasks }));
  await isWhole(cluster, name);
}

const isWhole = (cluster: TestCluster, name: string): Promise<true> =>
  cluster.eventually(`service ${name} is whole`, async () => {
    const { runningCount, pendingCount } = await cluster.describeService(name);
    return runningCount === tasks && pendingCount === 0 && (await cluster.runningContainers(name)).length === tasks && true;
  });

/** Docker's word: a container that was stopped and started again has another time. */
async function whatRuns(cluster: TestCluster): Promise<string[]> {
  const containers = await cluster.runningContainers();
  const states = await Promise.all(containers.map(({ host, id }) => dockerOf(host).getContainer(id).inspect()));
  return states.map(({ Id, State }) => `${Id} ${State.StartedAt}`).sort();
}

/** `ecs`: of a controller that answers. */
async function disconnected(ecs: ECSClient): Promise<number> {
  const { containerInstanceArns = [] } = await ecs.send(new ListContainerInstancesCommand({}));
  const { containerInstances = [] } = await ecs.send(
    new DescribeContainerInstancesCommand({ containerInstances: containerInstanceArns }),
  );
  return containerInstances.filter(({ agentConnected }) => !agentConnected).length;
}

/** The cluster is as it was, for longer than it takes to judge somebody lost. */
async function nothingCameOfIt(t: Context, before: string[], services: readonly string[]): Promise<void> {
  const { cluster } = t.context;
  await nobodyIsLost(t, cluster.ecs);
  for (const service of services) await isWhole(cluster, service);
  t.deepEqual(await whatRuns(cluster), before, 'the same containers run, none was restarted');
}

test.serial('Redis hangs for a minute', async (t) => {
  const { cluster } = t.context;
  const before = await whatRuns(cluster);
  const [redis = 0] = cluster.redisPids();
  process.kill(redis, 'SIGSTOP');
  await delay(60_000);
  t.deepEqual(await whatRuns(cluster), before);
  process.kill(redis, 'SIGCONT');
  await cluster.waitForController();
  await nothingCameOfIt(t, before, ['steady']);
});

async function nobodyIsLost(t: Context, ecs: ECSClient): Promise<void> {
  const until = performance.now() + longerThanALeaseMs;
  while (performance.now() < until) {
    t.is(await disconnected(ecs), 0, 'nobody is judged lost');
    await delay(200);
  }
}

/** Agents choose their controller by chance: each controller in turn, so that those of all are struck. What the others' APIs say. */
async function eachControllerInTurn(t: Context, strike: (controller: ManagedProcess) => Promise<() => void>): Promise<void> {
  const { cluster } = t.context;
  const before = await whatRuns(cluster);
  for (const [index, controller] of cluster.controllers.entries()) {
    const heal = await strike(controller);
    const other = createEcsClient({ ...cluster.settings, endpoint: cluster.endpoints[1 - index] ?? '' });
    await nobodyIsLost(t, other);
    other.destroy();
    heal();
    await cluster.waitForController();
    await nothingCameOfIt(t, before, ['steady']);
  }
}

test.serial('one of two controllers stands still, and goes on later', (t) =>
  eachControllerInTurn(t, (controller) => {
    const { pid = 0 } = controller;
    process.kill(pid, 'SIGSTOP');
    return Promise.resolve(() => process.kill(pid, 'SIGCONT'));
  }),
);

test.serial('one of two controllers is killed, and started again later', (t) =>
  eachControllerInTurn(t, async (controller) => {
    await controller.stop('SIGKILL');
    return () => controller.start();
  }),
);

test.serial('Redis comes back empty, then with what it had', async (t) => {
  const { cluster } = t.context;
  const before = await whatRuns(cluster);
  const data = path.dirname(cluster.redisSocket);
  await cluster.crashControlPlane();
  renameSync(data, `${data}.aside`);
  await cluster.startControlPlane();
  await delay(longerThanALeaseMs);
  t.deepEqual(await whatRuns(cluster), before, 'a store that knows nobody stops nothing');
  await cluster.crashControlPlane();
  rmSync(data, { recursive: true });
  renameSync(`${data}.aside`, data);
  await cluster.startControlPlane();
  await nothingCameOfIt(t, before, ['steady']);
});

test.serial('Redis comes back as it was before a service was created', async (t) => {
  const { cluster } = t.context;
  const data = path.dirname(cluster.redisSocket);
  await cluster.crashControlPlane();
  cpSync(data, `${data}.backup`, { recursive: true, filter: (file) => !file.endsWith('.sock') });
  await cluster.startControlPlane();
  await createService(cluster, 'newer');
  const before = await whatRuns(cluster);
  t.is(before.length, 2 * tasks);
  await cluster.crashControlPlane();
  rmSync(data, { recursive: true });
  renameSync(`${data}.backup`, data);
  await cluster.startControlPlane();
  await nothingCameOfIt(t, before, ['steady']);
});
