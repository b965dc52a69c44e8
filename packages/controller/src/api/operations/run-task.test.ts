import test from 'ava';
import type { RunTaskResponse, StartTaskResponse } from '@aws-sdk/client-ecs';
import { ApiHarness } from '../../../../../test/support/api-harness.ts';
import type { ApiError } from '../api-error.ts';

const arn = (kind: string, id: string): string => `arn:aws:ecs:us-east-1:000000000000:${kind}/default/${id}`;
const idOf = (taskArn: string | undefined): string => taskArn?.split('/').at(-1) ?? '';

let api: ApiHarness;
test.before(async () => {
  api = await ApiHarness.start();
});
test.after.always(() => api?.close());

const runTask = (input: object): Promise<RunTaskResponse> => api.run('RunTask', { taskDefinition: 'web', ...input });
/** A cluster of its own, so that tests do not share instances. */
async function aCluster(name: string): Promise<string> {
  await api.run('CreateCluster', { clusterName: name });
  return name;
}

test.serial('RunTask without any instance is refused', async (t) => {
  const refusal = await api.refusal('RunTask', { taskDefinition: 'web' });
  t.is(refusal, 'InvalidParameterException: No Container Instances were found in your cluster.');
});

test.serial('RunTask answers with tasks that have their place', async (t) => {
  const instance = await api.anInstance();
  const { tasks, failures } = await runTask({ count: 3, startedBy: 'me/1' });
  t.deepEqual(failures, []);
  t.is(tasks?.length, 3);
  for (const task of tasks ?? []) {
    t.like(task, {
      containerInstanceArn: arn('container-instance', instance),
      lastStatus: 'PENDING',
      desiredStatus: 'RUNNING',
      group: 'family:web',
      startedBy: 'me/1',
      launchType: 'EC2',
      taskDefinitionArn: 'arn:aws:ecs:us-east-1:000000000000:task-definition/web:1',
      cpu: '10',
      memory: '64',
    });
  }
});

test('what finds no place is told once for each instance that refused, with the reason and the closest match', async (t) => {
  const cluster = await aCluster('full');
  const small = await api.anInstance({ cluster, memory: 128 });
  const { tasks, failures } = await runTask({ cluster, count: 4 });
  t.is(tasks?.length, 2);
  t.is(failures?.length, 1);
  t.is(failures?.[0]?.arn, `arn:aws:ecs:us-east-1:000000000000:container-instance/full/${small}`);
  t.is(failures?.[0]?.reason, 'RESOURCE:MEMORY');
  t.regex(failures?.[0]?.detail ?? '', /closest matching .*insufficient memory/);
});

test('constraints of the call and of the task definition both hold', async (t) => {
  const cluster = await aCluster('constrained');
  await api.anInstance({ cluster, attributes: { stack: 'dev' } });
  const prod = await api.anInstance({ cluster, attributes: { stack: 'prod' } });
  const placementConstraints = [{ type: 'memberOf', expression: 'attribute:stack == prod' }];
  const { tasks, failures } = await runTask({
    cluster,
    count: 2,
    placementConstraints: [...placementConstraints, { type: 'distinctInstance' }],
  });
  t.is(tasks?.length, 1);
  t.true(tasks?.[0]?.containerInstanceArn?.endsWith(prod));
  t.deepEqual(failures?.map(({ reason }) => reason).sort(), [
    'DistinctInstance placement constraint unsatisfied.',
    'MemberOf placement constraint unsatisfied.',
  ]);
  await api.registerTaskDefinition('picky', {
    placementConstraints: [{ type: 'memberOf', expression: 'attribute:stack == none' }],
  });
  t.deepEqual((await runTask({ cluster, taskDefinition: 'picky' })).tasks, []);
});

test('the same clientToken with the same request gives the same tasks and failures, with another one ConflictException', async (t) => {
  const cluster = await aCluster('tokens');
  await api.anInstance({ cluster, memory: 64 });
  const request = { cluster, count: 2, clientToken: 'token-1', startedBy: 'x' };
  const first = await runTask(request);
  t.is(first.tasks?.length, 1);
  t.is(first.failures?.length, 1);
  const again = await runTask({ startedBy: 'x', count: 2, clientToken: 'token-1', cluster });
  t.deepEqual(
    again.tasks?.map(({ taskArn }) => taskArn),
    first.tasks?.map(({ taskArn }) => taskArn),
  );
  t.deepEqual(again.failures, first.failures);
  const error = await t.throwsAsync<ApiError>(runTask({ ...request, count: 1 }), { name: 'ApiError' });
  t.is(error.code, 'ConflictException');
  t.true((error.members['resourceIds'] as string[]).includes(first.tasks?.[0]?.taskArn ?? '?'));
});

test('two calls at once with one token make one set of tasks', async (t) => {
  const cluster = await aCluster('twins');
  await api.anInstance({ cluster });
  const request = { cluster, count: 3, clientToken: 'twins' };
  const [one, other] = await Promise.all([runTask(request), runTask(request)]);
  t.is(one.tasks?.length, 3);
  t.deepEqual(
    one.tasks?.map(({ taskArn }) => taskArn),
    other.tasks?.map(({ taskArn }) => taskArn),
  );
  t.is((await api.projections.current(cluster)).tasks.size, 3);
});

test('overrides size the task, are echoed, and must name its containers', async (t) => {
  const cluster = await aCluster('overrides');
  await api.anInstance({ cluster });
  const containerOverrides = [{ name: 'web', memory: 100, command: ['sleep', '1'], environment: [{ name: 'A', value: 'b' }] }];
  const { tasks } = await runTask({ cluster, overrides: { containerOverrides } });
  t.like(tasks?.[0], { memory: '100', overrides: { containerOverrides } });
  const refused = await api.refusal('RunTask', {
    cluster,
    taskDefinition: 'web',
    overrides: { containerOverrides: [{ name: 'db', cpu: 1 }] },
  });
  t.is(refused, 'InvalidParameterException: Override for container named db is not a container in the TaskDefinition.');
  const long = { containerOverrides: [{ name: 'web', command: ['x'.repeat(8192)] }] };
  t.regex(await api.refusal('RunTask', { cluster, taskDefinition: 'web', overrides: long }), /length must be at most 8192/);
});

test('tags of the call win over those of the definition, and managed ones are added', async (t) => {
  const cluster = await aCluster('tagged');
  await api.anInstance({ cluster });
  const { tasks } = await runTask({
    cluster,
    propagateTags: 'TASK_DEFINITION',
    enableECSManagedTags: true,
    tags: [{ key: 'team', value: 'a' }],
  });
  t.deepEqual(tasks?.[0]?.tags?.map(({ key, value }) => `${key}=${value}`).sort(), [
    'aws:ecs:clusterName=tagged',
    'from=definition',
    'team=a',
  ]);
});

const refusals: [what: string, input: object, refusal: RegExp][] = [
  ['more than 10 tasks', { count: 11 }, /^InvalidParameterException: .*'count'.*less than or equal to 10/],
  ['no task', { count: 0 }, /^InvalidParameterException: .*'count'/],
  ['an unknown task definition', { taskDefinition: 'nope:7' }, /^ClientException: TaskDefinition not found\.$/],
  ['Fargate', { launchType: 'FARGATE' }, /^UnsupportedFeatureException: .*launchType FARGATE/],
  [
    'a capacity provider',
    { capacityProviderStrategy: [{ capacityProvider: 'x' }] },
    /^UnsupportedFeatureException: .*capacityProviderStrategy/,
  ],
  [
    'a network configuration',
    { networkConfiguration: { awsvpcConfiguration: { subnets: ['s'] } } },
    /^InvalidParameterException: Network Configuration is not valid/,
  ],
  ['a long startedBy', { startedBy: 'x'.repeat(129) }, /^InvalidParameterException: .*'startedBy'/],
  ['a group of a service', { group: 'service:web' }, /^InvalidParameterException: Invalid namespace for group\.$/],
  ['tags of a service', { propagateTags: 'SERVICE' }, /^InvalidParameterException: .*'propagateTags'/],
  [
    'eleven constraints',
    { placementConstraints: Array.from({ length: 11 }, () => ({ type: 'distinctInstance' })) },
    /'placementConstraints'/,
  ],
  ['six strategies', { placementStrategy: Array.from({ length: 6 }, () => ({ type: 'random' })) }, /'placementStrategy'/],
  [
    'a broken expression',
    { placementConstraints: [{ type: 'memberOf', expression: 'attribute:stack ==' }] },
    /^InvalidParameterException: Invalid cluster query/,
  ],
  ['binpack by disk', { placementStrategy: [{ type: 'binpack', field: 'disk' }] }, /^InvalidParameterException: .*cpu or memory/],
  ['an unknown cluster', { cluster: 'nowhere' }, /^ClusterNotFoundException: Cluster not found\.$/],
];
for (const [what, input, refusal] of refusals) {
  test(`RunTask refuses ${what}`, async (t) => {
    t.regex(await api.refusal('RunTask', { taskDefinition: 'web', ...input }), refusal);
  });
}

test('StartTask places on the named instances and tells which are missing or full', async (t) => {
  const cluster = await aCluster('started');
  const [a, b] = [await api.anInstance({ cluster }), await api.anInstance({ cluster, memory: 32 })];
  const missing = 'f'.repeat(32);
  const { tasks, failures } = await api.run<StartTaskResponse>('StartTask', {
    cluster,
    taskDefinition: 'web:1',
    containerInstances: [a, b, missing],
  });
  t.is(tasks?.length, 1);
  t.true(tasks?.[0]?.containerInstanceArn?.endsWith(a));
  t.deepEqual(
    failures?.map(({ arn, reason }) => [idOf(arn), reason]),
    [
      [missing, 'MISSING'],
      [b, 'RESOURCE:MEMORY'],
    ],
  );
  t.regex(
    await api.refusal('StartTask', { cluster, taskDefinition: 'web', containerInstances: [] }),
    /^InvalidParameterException: .*'containerInstances'/,
  );
});
