/** Programs are killed and hosts' engines restarted under a service; counted with Docker's own API. */
import {
  CreateServiceCommand,
  DeleteServiceCommand,
  DescribeTasksCommand,
  DescribeTaskDefinitionCommand,
  paginateListTasks,
  UpdateServiceCommand,
  waitUntilServicesInactive,
} from '@aws-sdk/client-ecs';
import anyTest, { type TestFn } from 'ava';
import { aSleepingTask } from '../support/task-definitions.ts';
import { TestCluster } from '../support/test-cluster.ts';

const test = anyTest as TestFn<{ cluster: TestCluster }>;

test.before(async (t) => {
  t.context.cluster = await TestCluster.start({ hosts: 3 });
});
test.after.always(async (t) => {
  await t.context.cluster?.destroy();
});

/** A service whose tasks all run, by the word of the API and of Docker. */
async function aRunningService(cluster: TestCluster, name: string, desiredCount: number): Promise<void> {
  await cluster.register(aSleepingTask(name));
  await cluster.ecs.send(new CreateServiceCommand({ serviceName: name, taskDefinition: name, desiredCount }));
  await isWhole(cluster, name, desiredCount);
}

/** Exactly the desired count runs: as the service says, in as many containers, each of another task. */
const isWhole = (cluster: TestCluster, name: string, count: number, timeoutMs = 60_000): Promise<true> =>
  cluster.eventually(
    `service ${name} has exactly ${count} tasks`,
    async () => {
      const { runningCount, pendingCount, deployments = [] } = await cluster.describeService(name);
      const containers = await cluster.runningContainers(name);
      const tasks = new Set(containers.map(({ taskArn }) => taskArn));
      const settled = runningCount === count && pendingCount === 0 && deployments.length === 1;
      return settled && containers.length === count && tasks.size === count && true;
    },
    timeoutMs,
  );

async function removeService(cluster: TestCluster, name: string): Promise<void> {
  await cluster.ecs.send(new DeleteServiceCommand({ service: name, force: true }));
  await waitUntilServicesInactive({ client: cluster.ecs, maxWaitTime: 60, minDelay: 0.1, maxDelay: 1 }, { services: [name] });
}

const idsOf = (containers: { id: string }[]): string[] => containers.map(({ id }) => id).sort();

/** The tasks that the API lists as desired RUNNING for a service. */
async function listedTasks(cluster: TestCluster, serviceName: string): Promise<string[]> {
  const arns: string[] = [];
  for await (const page of paginateListTasks({ client: cluster.ecs }, { serviceName })) arns.push(...(page.taskArns ?? []));
  return arns;
}

test.serial('an agent killed and started again adopts its containers: the same ids run, nothing was restarted', async (t) => {
  const { cluster } = t.context;
  await aRunningService(cluster, 'adopted', 6);
  const before = await cluster.runningContainers('adopted');
  const tasksBefore = (await listedTasks(cluster, 'adopted')).sort();

  for (const agent of cluster.agents) {
    await agent.stop('SIGKILL');
    t.deepEqual(idsOf(await cluster.runningContainers('adopted')), idsOf(before), 'containers run without their agent');
    agent.start();
  }
  await cluster.eventually('all tasks are RUNNING and CONNECTED again', async () => {
    const { tasks = [] } = await cluster.ecs.send(new DescribeTasksCommand({ tasks: tasksBefore }));
    return tasks.every(({ lastStatus, connectivity }) => lastStatus === 'RUNNING' && connectivity === 'CONNECTED');
  });
  await isWhole(cluster, 'adopted', 6);
  t.deepEqual(idsOf(await cluster.runningContainers('adopted')), idsOf(before));
  t.deepEqual((await listedTasks(cluster, 'adopted')).sort(), tasksBefore);
  await removeService(cluster, 'adopted');
});

test.serial('a controller killed while a service scales up leaves exactly the desired count, no task twice', async (t) => {
  const { cluster } = t.context;
  await aRunningService(cluster, 'scaled', 3);
  await cluster.ecs.send(new UpdateServiceCommand({ service: 'scaled', desiredCount: 18 }));
  await cluster.eventually('the scale-up is under way', async () => (await cluster.runningContainers('scaled')).length > 4);
  await cluster.crashController();
  await cluster.waitForController();
  await isWhole(cluster, 'scaled', 18);
  t.is((await listedTasks(cluster, 'scaled')).length, 18);
  await removeService(cluster, 'scaled');
});

test.serial('a controller killed during a rolling update finishes it', async (t) => {
  const { cluster } = t.context;
  await aRunningService(cluster, 'rolled', 9);
  await cluster.register(aSleepingTask('rolled', { environment: [{ name: 'RELEASE', value: '2' }] }));
  await cluster.ecs.send(new UpdateServiceCommand({ service: 'rolled', taskDefinition: 'rolled:2' }));
  const ofRevision = async (revision: string): Promise<number> =>
    (await cluster.runningContainers('rolled')).filter((each) => each.revision === revision).length;
  await cluster.eventually('the update is under way', async () => (await ofRevision('2')) > 0);
  await cluster.crashController();
  await cluster.waitForController();
  await isWhole(cluster, 'rolled', 9);
  t.is(await ofRevision('2'), 9);
  t.is((await listedTasks(cluster, 'rolled')).length, 9);
  await removeService(cluster, 'rolled');
});

test.serial('Redis killed and started again has every acknowledged object', async (t) => {
  const { cluster } = t.context;
  await aRunningService(cluster, 'kept', 6);
  const before = idsOf(await cluster.runningContainers('kept'));
  const acknowledged: string[] = [];
  const writing = (async () => {
    for (let index = 0; index < 40; index++) {
      // What Redis's absence refuses was not acknowledged; what was is expected back.
      await cluster.register(aSleepingTask(`written-${index}`)).then(
        (arn) => acknowledged.push(arn),
        () => undefined,
      );
    }
  })();
  await cluster.eventually('some writes are acknowledged', () => Promise.resolve(acknowledged.length >= 5));
  cluster.crashRedis();
  await writing;
  await cluster.waitForController();
  for (const taskDefinition of acknowledged) {
    const described = await cluster.ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition }));
    t.is(described.taskDefinition?.taskDefinitionArn, taskDefinition);
  }
  await isWhole(cluster, 'kept', 6);
  t.deepEqual(idsOf(await cluster.runningContainers('kept')), before, 'nothing that ran was touched');
  await removeService(cluster, 'kept');
});

test.serial('the Docker Engine of a host crashes and is started again: the service is whole again', async (t) => {
  const { cluster } = t.context;
  await aRunningService(cluster, 'engine', 9);
  const [host] = cluster.hosts;
  await host?.killDocker();
  await host?.startDocker();
  await isWhole(cluster, 'engine', 9);
  await removeService(cluster, 'engine');
  t.is((await cluster.runningContainers('engine')).length, 0);
});

test.serial('a container that dies is replaced', async (t) => {
  const { cluster } = t.context;
  await aRunningService(cluster, 'crashing', 3);
  const [victim] = await cluster.runningContainers('crashing');
  if (!victim) throw new Error('three containers expected');
  await cluster.killContainer(victim);
  await cluster.eventually('it is gone', async () => !idsOf(await cluster.runningContainers('crashing')).includes(victim.id));
  await isWhole(cluster, 'crashing', 3);
  await removeService(cluster, 'crashing');
  t.pass();
});

test.serial('a host that is cut off is replaced elsewhere, and counts again when it is back', async (t) => {
  const { cluster } = t.context;
  await aRunningService(cluster, 'cut', 9);
  const [first, second, third] = cluster.hosts;
  if (!first || !second || !third) throw new Error('three hosts expected');
  await third.partition();
  await cluster.eventually('all 9 run on the two others', async () => {
    const elsewhere = (await cluster.runningContainers('cut')).filter(({ host }) => host !== third);
    return elsewhere.length === 9;
  });
  await third.heal();
  await isWhole(cluster, 'cut', 9);
  const perHost = cluster.hosts.map(
    async (host) => (await cluster.runningContainers('cut')).filter((each) => each.host === host).length,
  );
  t.deepEqual(await Promise.all(perHost), [3, 3, 3]);
  await removeService(cluster, 'cut');
});
