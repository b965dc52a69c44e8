import test from 'ava';
import type {
  CreateServiceResponse,
  DescribeServicesResponse,
  ListServicesResponse,
  Service,
  UpdateServiceResponse,
} from '@aws-sdk/client-ecs';
import { ApiHarness } from '../../../../../test/support/api-harness.ts';

const serviceArn = (name: string): string => `arn:aws:ecs:us-east-1:000000000000:service/default/${name}`;

let api: ApiHarness;
test.before(async () => {
  api = await ApiHarness.start();
  await api.registerTaskDefinition('web');
  await api.anInstance({ memory: 100_000 });
});
test.after.always(() => api?.close());

async function create(serviceName: string, input: object = {}): Promise<Service> {
  const request = { serviceName, taskDefinition: 'web:1', desiredCount: 2, ...input };
  const { service } = await api.run<CreateServiceResponse>('CreateService', request);
  if (!service) throw new Error('no service in the answer');
  return service;
}
async function update(service: string, input: object): Promise<Service | undefined> {
  return (await api.run<UpdateServiceResponse>('UpdateService', { service, ...input })).service;
}
async function describe(name: string, include: string[] = []): Promise<Service | undefined> {
  const { services } = await api.run<DescribeServicesResponse>('DescribeServices', { services: [name], include });
  return services?.[0];
}
async function tasksOf(service: string): Promise<string[]> {
  await api.settle();
  const { tasks } = await api.projections.current('default');
  return [...tasks.values()].filter(({ spec }) => spec.service?.name === service).map(({ id }) => id);
}

test('CreateService answers with the service, its defaults and one PRIMARY deployment', async (t) => {
  const service = await create('plain', { tags: [{ key: 'team', value: 'a' }] });
  t.like(service, {
    serviceArn: serviceArn('plain'),
    serviceName: 'plain',
    status: 'ACTIVE',
    desiredCount: 2,
    schedulingStrategy: 'REPLICA',
    launchType: 'EC2',
    propagateTags: 'NONE',
    enableECSManagedTags: false,
    placementConstraints: [],
    placementStrategy: [],
    deploymentConfiguration: { maximumPercent: 200, minimumHealthyPercent: 100 },
    createdBy: 'arn:aws:iam::000000000000:root',
    tags: [{ key: 'team', value: 'a' }],
  });
  t.is(service.deployments?.length, 1);
  t.like(service.deployments?.[0], { status: 'PRIMARY', rolloutState: 'IN_PROGRESS', desiredCount: 2 });
  t.regex(service.deployments?.[0]?.id ?? '', /^ecs-svc\/\d{19}$/);
});

test('the tasks of a service are counted as they start, and listed under it', async (t) => {
  await create('counted', { desiredCount: 3 });
  const tasks = await tasksOf('counted');
  t.is(tasks.length, 3);
  t.like(await describe('counted'), { runningCount: 0, pendingCount: 3 });
  for (const id of tasks) await api.report(id, 'RUNNING', { startedAt: Date.now() });
  await api.settle();
  const service = await describe('counted');
  t.like(service, { runningCount: 3, pendingCount: 0 });
  t.like(service?.deployments?.[0], { runningCount: 3, rolloutState: 'COMPLETED' });
  t.is(service?.events?.[0]?.message, '(service counted) has reached a steady state.');
  const { taskArns } = await api.run<{ taskArns: string[] }>('ListTasks', { serviceName: 'counted' });
  t.is(taskArns.length, 3);
});

test('creating the same service again gives it as it is, another one of the name is refused', async (t) => {
  const first = await create('again', { clientToken: 'abc' });
  t.is((await create('again', { clientToken: 'abc' })).deployments?.[0]?.id, first.deployments?.[0]?.id);
  const other = { serviceName: 'again', taskDefinition: 'web:1', desiredCount: 9 };
  t.is(await api.refusal('CreateService', other), 'InvalidParameterException: Creation of service was not idempotent.');
});

test('two creations of one name at once: one wins, the other is not idempotent', async (t) => {
  const request = { serviceName: 'race', taskDefinition: 'web:1' };
  const answers = await Promise.all([1, 2].map((desiredCount) => api.refusal('CreateService', { ...request, desiredCount })));
  t.deepEqual(answers.sort(), ['CreateService succeeded', 'InvalidParameterException: Creation of service was not idempotent.']);
});

test('a new task definition and forceNewDeployment make a new deployment, scaling does not', async (t) => {
  const id = (service: Service | undefined): string | undefined => service?.deployments?.[0]?.id;
  const first = id(await create('rolled'));
  t.is(id(await update('rolled', { desiredCount: 1 })), first);
  t.is(id(await update('rolled', { taskDefinition: 'web:1' })), first);
  const second = await update('rolled', { taskDefinition: 'web:2' });
  t.not(id(second), first);
  t.like(second, { desiredCount: 1, taskDefinition: 'arn:aws:ecs:us-east-1:000000000000:task-definition/web:2' });
  const third = await update('rolled', { forceNewDeployment: true });
  t.not(id(third), id(second));
  t.is(third?.deployments?.filter(({ status }) => status === 'PRIMARY').length, 1);
});

test('UpdateService changes what it names and keeps the rest', async (t) => {
  await create('kept', {
    placementStrategy: [{ type: 'binpack', field: 'MEMORY' }],
    deploymentConfiguration: { maximumPercent: 150 },
  });
  const service = await update('kept', { deploymentConfiguration: { minimumHealthyPercent: 50 }, propagateTags: 'SERVICE' });
  t.like(service, {
    desiredCount: 2,
    propagateTags: 'SERVICE',
    placementStrategy: [{ type: 'binpack', field: 'memory' }],
    deploymentConfiguration: { maximumPercent: 150, minimumHealthyPercent: 50 },
  });
  t.deepEqual((await update('kept', { placementStrategy: [] }))?.placementStrategy, []);
});

test('updates at once are all kept', async (t) => {
  await create('busy', { desiredCount: 0 });
  await Promise.all([
    update('busy', { desiredCount: 1 }),
    update('busy', { propagateTags: 'SERVICE' }),
    update('busy', { enableECSManagedTags: true }),
    update('busy', { deploymentConfiguration: { maximumPercent: 300 } }),
  ]);
  t.like(await describe('busy'), {
    desiredCount: 1,
    propagateTags: 'SERVICE',
    enableECSManagedTags: true,
    deploymentConfiguration: { maximumPercent: 300 },
  });
});

test('a service goes DRAINING, then INACTIVE, stays describable, and its name is free again', async (t) => {
  const first = await create('deleted', { desiredCount: 1 });
  const [task = ''] = await tasksOf('deleted');
  const request = { service: 'deleted' };
  t.is(
    await api.refusal('DeleteService', request),
    'InvalidParameterException: The service cannot be stopped while it is scaled above 0.',
  );
  const { service } = await api.run<CreateServiceResponse>('DeleteService', { ...request, force: true });
  t.like(service, { status: 'DRAINING', desiredCount: 0 });
  t.is((await api.run<CreateServiceResponse>('DeleteService', request)).service?.status, 'DRAINING');
  t.is(await api.refusal('UpdateService', { ...request, desiredCount: 1 }), 'ServiceNotActiveException: Service was not ACTIVE.');
  t.is(
    await api.refusal('CreateService', { serviceName: 'deleted', taskDefinition: 'web:1', desiredCount: 1 }),
    'InvalidParameterException: Unable to Start a service that is still Draining.',
  );
  await api.settle();
  await api.report(task, 'STOPPED', { stoppedAt: Date.now() });
  await api.settle();
  t.like(await describe('deleted'), { status: 'INACTIVE', deployments: [] });
  t.is(await api.refusal('DeleteService', request), 'ServiceNotFoundException: Service not found.');
  const { serviceArns } = await api.run<ListServicesResponse>('ListServices', { maxResults: 100 });
  t.false(serviceArns?.includes(serviceArn('deleted')));

  const second = await create('deleted', { desiredCount: 0 });
  t.like(second, { status: 'ACTIVE', events: [] });
  t.not(second.deployments?.[0]?.id, first.deployments?.[0]?.id);
});

test('DescribeServices tells what is missing, takes names and ARNs, and tags on request', async (t) => {
  await create('shown', { tags: [{ key: 'a', value: 'b' }] });
  const answer = await api.run<DescribeServicesResponse>('DescribeServices', { services: [serviceArn('shown'), 'nope'] });
  t.like(answer.services, [{ serviceName: 'shown' }]);
  t.deepEqual(answer.failures, [{ arn: serviceArn('nope'), reason: 'MISSING' }]);
  t.false('tags' in (answer.services?.[0] ?? {}));
  t.deepEqual((await describe('shown', ['TAGS']))?.tags, [{ key: 'a', value: 'b' }]);
  t.is(await api.refusal('DescribeServices', { services: [] }), 'InvalidParameterException: Services cannot be empty.');
  t.regex(await api.refusal('DescribeServices', { services: Array.from({ length: 11 }, () => 'x') }), /'services'/);
});

test('ListServices pages by 10 and knows no daemons', async (t) => {
  await api.run('CreateCluster', { clusterName: 'many' });
  for (let n = 10; n < 23; n++) await create(`s${n}`, { cluster: 'many', desiredCount: 0 });
  const first = await api.run<ListServicesResponse>('ListServices', { cluster: 'many' });
  t.is(first.serviceArns?.length, 10);
  const rest = await api.run<ListServicesResponse>('ListServices', { cluster: 'many', nextToken: first.nextToken });
  t.deepEqual([rest.serviceArns?.length, rest.nextToken], [3, undefined]);
  t.deepEqual(
    (await api.run<ListServicesResponse>('ListServices', { cluster: 'many', schedulingStrategy: 'DAEMON' })).serviceArns,
    [],
  );
});

const refusals: [what: string, input: object, refusal: RegExp][] = [
  ['a bad name', { serviceName: 'a b' }, /^InvalidParameterException: .*'serviceName'/],
  ['no desired count', { desiredCount: undefined }, /^InvalidParameterException: desiredCount must be specified/],
  ['no task definition', { taskDefinition: undefined }, /^InvalidParameterException: taskDefinition must be specified/],
  ['an unknown task definition', { taskDefinition: 'nope' }, /^ClientException: TaskDefinition not found\.$/],
  ['a daemon', { schedulingStrategy: 'DAEMON' }, /^UnsupportedFeatureException: .*DAEMON/],
  [
    'another deployment controller',
    { deploymentController: { type: 'CODE_DEPLOY' } },
    /^UnsupportedFeatureException: .*CODE_DEPLOY/,
  ],
  ['a load balancer', { loadBalancers: [{ targetGroupArn: 'x' }] }, /^UnsupportedFeatureException: .*loadBalancers/],
  ['Fargate', { launchType: 'FARGATE' }, /^UnsupportedFeatureException: .*FARGATE/],
  [
    'a circuit breaker',
    { deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } } },
    /^UnsupportedFeatureException: .*deploymentCircuitBreaker/,
  ],
  [
    'percentages that leave no room',
    { deploymentConfiguration: { minimumHealthyPercent: 100, maximumPercent: 100 } },
    /^InvalidParameterException: minimumHealthyPercent/,
  ],
  ['too small a maximum', { deploymentConfiguration: { maximumPercent: 50 } }, /^InvalidParameterException: .*maximumPercent/],
  ['a negative count', { desiredCount: -1 }, /^InvalidParameterException: .*'desiredCount'/],
  ['an unknown cluster', { cluster: 'nowhere' }, /^ClusterNotFoundException: Cluster not found\.$/],
];
for (const [what, input, refusal] of refusals) {
  test(`CreateService refuses ${what}`, async (t) => {
    const request = { serviceName: 'refused', taskDefinition: 'web', desiredCount: 1, ...input };
    t.regex(await api.refusal('CreateService', request), refusal);
  });
}

test('empty lists and a circuit breaker that is off are no refusal', async (t) => {
  const off = { deploymentCircuitBreaker: { enable: false, rollback: false } };
  const service = await create('harmless', { loadBalancers: [], serviceRegistries: [], deploymentConfiguration: off });
  t.is(service.status, 'ACTIVE');
});

test('what is not there cannot be updated or deleted', async (t) => {
  t.is(await api.refusal('UpdateService', { service: 'none', desiredCount: 1 }), 'ServiceNotFoundException: Service not found.');
  t.is(await api.refusal('DeleteService', { service: 'none' }), 'ServiceNotFoundException: Service not found.');
});
