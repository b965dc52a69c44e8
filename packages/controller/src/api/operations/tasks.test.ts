import test from 'ava';
import type { DescribeTasksResponse, ListTasksResponse, RunTaskResponse, StopTaskResponse } from '@aws-sdk/client-ecs';
import { EpochDate } from '../output.ts';
import { ApiHarness } from '../../../../../test/support/api-harness.ts';

const taskArn = (cluster: string, id: string): string => `arn:aws:ecs:us-east-1:000000000000:task/${cluster}/${id}`;
const idOf = (arn: string | undefined): string => arn?.split('/').at(-1) ?? '';

let api: ApiHarness;
test.before(async () => {
  api = await ApiHarness.start();
});
test.after.always(() => api?.close());

/** A cluster of its own with one instance; its id. */
async function aCluster(clusterName: string): Promise<string> {
  await api.run('CreateCluster', { clusterName });
  return api.anInstance({ cluster: clusterName });
}

async function runTasks(cluster: string, input: object = {}): Promise<string[]> {
  const { tasks } = await api.run<RunTaskResponse>('RunTask', { cluster, taskDefinition: 'web', ...input });
  return (tasks ?? []).map((task) => idOf(task.taskArn));
}

async function list(cluster: string, input: object = {}): Promise<string[]> {
  const { taskArns } = await api.run<ListTasksResponse>('ListTasks', { cluster, ...input });
  return (taskArns ?? []).map(idOf).sort();
}

test('StopTask says who stopped the task and why, and the first reason stays', async (t) => {
  await aCluster('stop');
  const [id = ''] = await runTasks('stop');
  const stopped = await api.run<StopTaskResponse>('StopTask', { cluster: 'stop', task: id, reason: 'enough' });
  t.like(stopped.task, {
    desiredStatus: 'STOPPED',
    lastStatus: 'PENDING',
    stopCode: 'UserInitiated',
    stoppedReason: 'enough',
  });
  t.true(stopped.task?.stoppingAt instanceof Date);
  const again = await api.run<StopTaskResponse>('StopTask', { cluster: 'stop', task: taskArn('stop', id), reason: 'really' });
  t.is(again.task?.stoppedReason, 'enough');
});

test('StopTask without a reason has ECS’s', async (t) => {
  await aCluster('stop-plain');
  const [id = ''] = await runTasks('stop-plain');
  const { task } = await api.run<StopTaskResponse>('StopTask', { cluster: 'stop-plain', task: id });
  t.is(task?.stoppedReason, 'Task stopped by user');
});

test('a task that has no place yet is STOPPED at once, and its RunTask answers', async (t) => {
  const cluster = 'stop-unplaced';
  const harness = await ApiHarness.start();
  t.teardown(() => harness.close());
  await harness.run('CreateCluster', { clusterName: cluster });
  await harness.anInstance({ cluster });
  await harness.settle();
  harness.works = false;
  const running = harness.run<RunTaskResponse>('RunTask', { cluster, taskDefinition: 'web' });
  const id = await harness.projections.waitUntil(cluster, 30_000, ({ tasks }) => [...tasks.keys()][0]);
  const { task } = await harness.run<StopTaskResponse>('StopTask', { cluster, task: id });
  t.like(task, {
    lastStatus: 'STOPPED',
    desiredStatus: 'STOPPED',
    stopCode: 'UserInitiated',
    containers: [{ lastStatus: 'STOPPED' }],
  });
  t.like(await running, { tasks: [{ taskArn: taskArn(cluster, id ?? ''), lastStatus: 'STOPPED' }], failures: [] });
});

test('a task that is not there cannot be stopped', async (t) => {
  await aCluster('stop-none');
  const refused = await api.refusal('StopTask', { cluster: 'stop-none', task: 'a'.repeat(32) });
  t.is(refused, 'InvalidParameterException: The referenced task was not found.');
});

test('DescribeTasks shows what the agent reported, and failures for what is missing', async (t) => {
  await aCluster('describe');
  const [id = ''] = await runTasks('describe', { tags: [{ key: 'a', value: 'b' }] });
  const binding = { bindIP: '0.0.0.0', containerPort: 80, hostPort: 40_000, protocol: 'tcp' as const };
  const task = await api.projections.current('describe').then(({ tasks }) => tasks.get(id));
  t.truthy(task?.instance);
  const missing = 'b'.repeat(32);
  const described = await api.run<DescribeTasksResponse>('DescribeTasks', { cluster: 'describe', tasks: [id, missing] });
  t.deepEqual(described.failures, [{ arn: taskArn('describe', missing), reason: 'MISSING' }]);
  t.like(described.tasks, [{ taskArn: taskArn('describe', id), lastStatus: 'PENDING', tags: [] }]);
  await api.report(
    id,
    'RUNNING',
    { startedAt: 5, containers: [{ name: 'web', lastStatus: 'RUNNING', healthStatus: 'UNKNOWN', networkBindings: [binding] }] },
    'describe',
  );
  const running = await api.run<DescribeTasksResponse>('DescribeTasks', { cluster: 'describe', tasks: [id], include: ['TAGS'] });
  t.like(running.tasks?.[0], {
    lastStatus: 'RUNNING',
    connectivity: 'CONNECTED',
    availabilityZone: 'zone-a',
    startedAt: new EpochDate(5),
    tags: [{ key: 'a', value: 'b' }],
    containers: [{ name: 'web', lastStatus: 'RUNNING', networkBindings: [binding] }],
  });
});

test('DescribeTasks takes 1 to 100 tasks of its cluster', async (t) => {
  await aCluster('limits');
  const describe = (tasks: string[]): Promise<string> => api.refusal('DescribeTasks', { cluster: 'limits', tasks });
  t.is(await describe([]), 'InvalidParameterException: Tasks cannot be empty.');
  t.regex(await describe(Array.from({ length: 101 }, () => 'a')), /^InvalidParameterException: .*'tasks'/);
  t.regex(await describe([taskArn('other', 'a')]), /^InvalidParameterException: Identifier is for cluster other/);
  t.regex(await api.refusal('DescribeTasks', { cluster: 'none', tasks: ['a'] }), /^ClusterNotFoundException/);
});

test('ListTasks filters by family, startedBy, instance, status and launch type', async (t) => {
  const cluster = 'list';
  const first = await aCluster(cluster);
  await api.registerTaskDefinition('db');
  const web = (await runTasks(cluster, { count: 2, startedBy: 'me' })).sort();
  const second = await api.anInstance({ cluster });
  const db = await api.run<RunTaskResponse>('StartTask', { cluster, taskDefinition: 'db', containerInstances: [second] });
  const dbId = idOf(db.tasks?.[0]?.taskArn);
  t.deepEqual(await list(cluster), [...web, dbId].sort());
  t.deepEqual(await list(cluster, { family: 'web' }), web);
  t.deepEqual(await list(cluster, { startedBy: 'me' }), web);
  t.deepEqual(await list(cluster, { containerInstance: second }), [dbId]);
  t.deepEqual(await list(cluster, { containerInstance: first, family: 'db' }), []);
  t.deepEqual(await list(cluster, { launchType: 'FARGATE' }), []);
  t.deepEqual(await list(cluster, { desiredStatus: 'STOPPED' }), []);
  await api.run('StopTask', { cluster, task: dbId });
  t.deepEqual(await list(cluster, { desiredStatus: 'STOPPED' }), [dbId]);
  t.deepEqual(await list(cluster), web);
  t.deepEqual(await list(cluster, { desiredStatus: 'PENDING' }), []);
});

test('ListTasks refuses filters that do not go together and things that are not there', async (t) => {
  await aCluster('list-refused');
  const refused = (input: object): Promise<string> => api.refusal('ListTasks', { cluster: 'list-refused', ...input });
  t.regex(await refused({ startedBy: 'me', family: 'web' }), /^InvalidParameterException: .*only filter.*family/);
  t.is(await refused({ serviceName: 'none' }), 'ServiceNotFoundException: Service not found.');
  t.regex(
    await refused({ containerInstance: 'c'.repeat(32) }),
    /^InvalidParameterException: Referenced container instance c+ not found/,
  );
  t.regex(await refused({ desiredStatus: 'GONE' }), /^InvalidParameterException: .*'desiredStatus'/);
  t.regex(await refused({ maxResults: 101 }), /^InvalidParameterException: maxResults/);
});

test('ListTasks gives every task once, page by page', async (t) => {
  await aCluster('pages');
  const ids = (await runTasks('pages', { count: 5 })).sort();
  const seen: string[] = [];
  for (let nextToken: string | undefined, more = true; more; more = nextToken !== undefined) {
    const page: ListTasksResponse = await api.run('ListTasks', { cluster: 'pages', maxResults: 2, nextToken });
    seen.push(...(page.taskArns ?? []).map(idOf));
    nextToken = page.nextToken;
  }
  t.deepEqual(seen, ids);
});
