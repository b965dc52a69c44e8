/** The SDK's own waiters and paginators, which know ECS and nothing of mini-ecs. */
import {
  CreateServiceCommand,
  DeleteServiceCommand,
  DescribeTasksCommand,
  paginateListServices,
  paginateListTaskDefinitionFamilies,
  paginateListTaskDefinitions,
  paginateListTasks,
  RunTaskCommand,
  StopTaskCommand,
  waitUntilServicesInactive,
  waitUntilServicesStable,
  waitUntilTasksRunning,
  waitUntilTasksStopped,
} from '@aws-sdk/client-ecs';
import anyTest, { type TestFn } from 'ava';
import { aSleepingTask, aWebTask } from '../support/task-definitions.ts';
import { TestCluster } from '../support/test-cluster.ts';

const test = anyTest as TestFn<{ cluster: TestCluster }>;

test.before(async (t) => {
  t.context.cluster = await TestCluster.start({ hosts: 2 });
});
test.after.always(async (t) => {
  await t.context.cluster?.destroy();
});

const waiting = { maxWaitTime: 60, minDelay: 0.1, maxDelay: 1 };

test.serial('waiters see tasks start and stop, and services settle and end', async (t) => {
  const { cluster } = t.context;
  const { ecs } = cluster;
  const taskDefinition = await cluster.register(aSleepingTask('sleeper'));
  const { tasks: started = [], failures } = await ecs.send(new RunTaskCommand({ taskDefinition, count: 2 }));
  t.deepEqual(failures, []);
  const tasks = started.map(({ taskArn }) => taskArn ?? '');
  await waitUntilTasksRunning({ client: ecs, ...waiting }, { tasks });
  await Promise.all(tasks.map((task) => ecs.send(new StopTaskCommand({ task }))));
  await waitUntilTasksStopped({ client: ecs, ...waiting }, { tasks });

  await ecs.send(new CreateServiceCommand({ serviceName: 'waited', taskDefinition, desiredCount: 4 }));
  await waitUntilServicesStable({ client: ecs, ...waiting }, { services: ['waited'] });
  t.is((await cluster.runningContainers('sleeper')).length, 4);
  await ecs.send(new DeleteServiceCommand({ service: 'waited', force: true }));
  await waitUntilServicesInactive({ client: ecs, ...waiting }, { services: ['waited'] });
});

test.serial('paginators see everything once', async (t) => {
  const { cluster } = t.context;
  const { ecs } = cluster;
  const families = Array.from({ length: 12 }, (_, index) => `family-${String(index).padStart(2, '0')}`);
  const arns: string[] = [];
  for (const family of families) arns.push(await cluster.register(aSleepingTask(family)));
  const config = { client: ecs, pageSize: 5 };

  const familiesSeen: string[] = [];
  for await (const page of paginateListTaskDefinitionFamilies(config, { familyPrefix: 'family-' }))
    familiesSeen.push(...(page.families ?? []));
  t.deepEqual(familiesSeen, families);

  const definitionsSeen: string[] = [];
  for await (const page of paginateListTaskDefinitions(config, {})) definitionsSeen.push(...(page.taskDefinitionArns ?? []));
  t.deepEqual(definitionsSeen.filter((arn) => arn.includes('/family-')).sort(), arns);

  for (const family of families)
    await ecs.send(new CreateServiceCommand({ serviceName: family, taskDefinition: family, desiredCount: 1 }));
  const servicesSeen: string[] = [];
  for await (const page of paginateListServices(config, {})) servicesSeen.push(...(page.serviceArns ?? []));
  t.deepEqual(
    servicesSeen
      .map((arn) => arn.split('/').at(-1) ?? '')
      .filter((name) => name.startsWith('family-'))
      .sort(),
    families,
  );

  await waitUntilServicesStable({ client: ecs, ...waiting }, { services: families.slice(0, 10) });
  await waitUntilServicesStable({ client: ecs, ...waiting }, { services: families.slice(10) });
  const tasksSeen: string[] = [];
  for await (const page of paginateListTasks(config, {})) tasksSeen.push(...(page.taskArns ?? []));
  t.is(tasksSeen.length, 12);
  t.is(new Set(tasksSeen).size, 12);
  for (const service of families) await ecs.send(new DeleteServiceCommand({ service, force: true }));
});

test.serial('a published port is in networkBindings and answers at the address of its host', async (t) => {
  const { cluster } = t.context;
  const { ecs } = cluster;
  const taskDefinition = await cluster.register(aWebTask('page', 'hello'));
  const { tasks: [run] = [] } = await ecs.send(new RunTaskCommand({ taskDefinition }));
  const tasks = [run?.taskArn ?? ''];
  await waitUntilTasksRunning({ client: ecs, ...waiting }, { tasks });
  const { tasks: [task] = [] } = await ecs.send(new DescribeTasksCommand({ tasks }));
  const container = task?.containers?.[0];
  const binding = container?.networkBindings?.[0];
  t.is(binding?.containerPort, 8080);
  const running = (await cluster.runningContainers('page')).find(({ id }) => id === container?.runtimeId);
  const text = await cluster.eventually('the page is served', async () => {
    const response = await fetch(`http://${running?.host.address}:${binding?.hostPort}/`, { signal: AbortSignal.timeout(1_000) });
    return (await response.text()).trim();
  });
  t.is(text, 'hello');
});
