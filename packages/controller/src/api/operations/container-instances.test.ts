import test from 'ava';
import type {
  DeregisterContainerInstanceResponse,
  DescribeContainerInstancesResponse,
  DescribeTasksResponse,
  ListContainerInstancesResponse,
  RunTaskResponse,
  UpdateContainerInstancesStateResponse,
} from '@aws-sdk/client-ecs';
import { ApiHarness } from '../../../../../test/support/api-harness.ts';

const arn = (cluster: string, id: string): string => `arn:aws:ecs:us-east-1:000000000000:container-instance/${cluster}/${id}`;
const missing = 'f'.repeat(32);

let api: ApiHarness;
test.before(async () => {
  api = await ApiHarness.start();
});
test.after.always(() => api?.close());

async function aCluster(clusterName: string): Promise<string> {
  await api.run('CreateCluster', { clusterName });
  return clusterName;
}
async function list(cluster: string, input: object = {}): Promise<string[] | undefined> {
  return (await api.run<ListContainerInstancesResponse>('ListContainerInstances', { cluster, ...input })).containerInstanceArns;
}
const setState = (cluster: string, status: string, ...containerInstances: string[]) =>
  api.run<UpdateContainerInstancesStateResponse>('UpdateContainerInstancesState', { cluster, status, containerInstances });

test('an instance is described with what its tasks have left of it', async (t) => {
  const cluster = await aCluster('described');
  const id = await api.anInstance({ cluster, attributes: { 'ecs.instance-type': 'homelab' } });
  await api.registerTaskDefinition('static', {}, { portMappings: [{ containerPort: 80, hostPort: 8080 }] });
  await api.run('RunTask', { cluster, taskDefinition: 'static' });
  const answer = await api.run<DescribeContainerInstancesResponse>('DescribeContainerInstances', {
    cluster,
    containerInstances: [id, arn(cluster, missing)],
    include: ['CONTAINER_INSTANCE_HEALTH'],
  });
  t.deepEqual(answer.failures, [{ arn: arn(cluster, missing), reason: 'MISSING' }]);
  const [instance] = answer.containerInstances ?? [];
  t.like(instance, {
    containerInstanceArn: arn(cluster, id),
    status: 'ACTIVE',
    agentConnected: true,
    pendingTasksCount: 1,
    runningTasksCount: 0,
    healthStatus: { overallStatus: 'OK' },
  });
  const remaining = Object.fromEntries((instance?.remainingResources ?? []).map((resource) => [resource.name, resource]));
  t.is(remaining['CPU']?.integerValue, 2038);
  t.is(remaining['MEMORY']?.integerValue, 1984);
  t.deepEqual(remaining['PORTS']?.stringSetValue, ['22', '8080']);
});

test('instances are listed by cluster query language and status', async (t) => {
  const cluster = await aCluster('listed');
  const dev = await api.anInstance({ cluster, attributes: { stack: 'dev' } });
  const prod = await api.anInstance({ cluster, attributes: { stack: 'prod' } });
  t.deepEqual(
    await list(cluster),
    [dev, prod].sort().map((id) => arn(cluster, id)),
  );
  t.deepEqual(await list(cluster, { filter: 'attribute:stack == prod' }), [arn(cluster, prod)]);
  t.deepEqual(await list(cluster, { filter: 'agentConnected == true and attribute:stack != prod' }), [arn(cluster, dev)]);
  await setState(cluster, 'DRAINING', dev);
  t.deepEqual(await list(cluster, { status: 'DRAINING' }), [arn(cluster, dev)]);
  t.regex(
    await api.refusal('ListContainerInstances', { cluster, filter: 'attribute:' }),
    /^InvalidParameterException: Invalid cluster query/,
  );
});

test('a DRAINING instance takes no task until it is ACTIVE again', async (t) => {
  const cluster = await aCluster('draining');
  const id = await api.anInstance({ cluster });
  const drained = await setState(cluster, 'DRAINING', id, missing);
  t.like(drained.containerInstances, [{ containerInstanceArn: arn(cluster, id), status: 'DRAINING' }]);
  t.deepEqual(drained.failures, [{ arn: arn(cluster, missing), reason: 'MISSING' }]);
  const refused = await api.run<RunTaskResponse>('RunTask', { cluster, taskDefinition: 'web' });
  t.deepEqual(
    refused.failures?.map(({ reason }) => reason),
    ['DRAINING'],
  );
  await setState(cluster, 'ACTIVE', id);
  t.is((await api.run<RunTaskResponse>('RunTask', { cluster, taskDefinition: 'web' })).tasks?.length, 1);
});

test('draining moves the tasks of a service to another instance', async (t) => {
  const cluster = await aCluster('moved');
  const first = await api.anInstance({ cluster });
  await api.run('CreateService', { cluster, serviceName: 'web', taskDefinition: 'web', desiredCount: 1 });
  await api.settle();
  const [task] = (await api.projections.current(cluster)).tasksOfService('web');
  await api.report(task?.id ?? '', 'RUNNING', { startedAt: Date.now() }, cluster);
  const second = await api.anInstance({ cluster });
  await setState(cluster, 'DRAINING', first);
  await api.settle();
  t.is((await api.projections.current(cluster)).tasksOfInstance(second).length, 1);
});

test('UpdateContainerInstancesState sets ACTIVE or DRAINING, on up to 10', async (t) => {
  const cluster = await aCluster('state-limits');
  const refused = (input: object): Promise<string> => api.refusal('UpdateContainerInstancesState', { cluster, ...input });
  t.regex(await refused({ containerInstances: [missing], status: 'INACTIVE' }), /^InvalidParameterException: .*'status'/);
  t.regex(
    await refused({ containerInstances: Array.from({ length: 11 }, () => missing), status: 'ACTIVE' }),
    /'containerInstances'/,
  );
  t.is(
    await refused({ containerInstances: [], status: 'ACTIVE' }),
    'InvalidParameterException: Container instances cannot be empty.',
  );
});

test('an instance with tasks is deregistered only by force, which stops them for ECS', async (t) => {
  const cluster = await aCluster('deregistered');
  const id = await api.anInstance({ cluster });
  const { tasks = [] } = await api.run<RunTaskResponse>('RunTask', { cluster, taskDefinition: 'web' });
  const request = { cluster, containerInstance: id };
  t.is(
    await api.refusal('DeregisterContainerInstance', request),
    'InvalidParameterException: Found running tasks on the instance.',
  );
  const answer = await api.run<DeregisterContainerInstanceResponse>('DeregisterContainerInstance', { ...request, force: true });
  t.like(answer.containerInstance, { status: 'INACTIVE', agentConnected: false, runningTasksCount: 0, pendingTasksCount: 0 });
  const described = await api.run<DescribeTasksResponse>('DescribeTasks', {
    cluster,
    tasks: tasks.map(({ taskArn }) => taskArn),
  });
  t.like(described.tasks?.[0], {
    lastStatus: 'STOPPED',
    desiredStatus: 'STOPPED',
    stopCode: 'UserInitiated',
    stoppedReason: 'Container instance deregistration forced by user',
  });
  t.deepEqual(await list(cluster), []);
  t.regex(await api.refusal('RunTask', { cluster, taskDefinition: 'web' }), /No Container Instances were found/);
  const started = await api.run<RunTaskResponse>('StartTask', { cluster, taskDefinition: 'web', containerInstances: [id] });
  t.deepEqual(started.failures, [{ arn: arn(cluster, id), reason: 'INACTIVE' }]);
});

test('an instance whose tasks have stopped is deregistered without force', async (t) => {
  const cluster = await aCluster('empty');
  const id = await api.anInstance({ cluster });
  const answer = await api.run<DeregisterContainerInstanceResponse>('DeregisterContainerInstance', {
    cluster,
    containerInstance: arn(cluster, id),
  });
  t.is(answer.containerInstance?.status, 'INACTIVE');
  t.regex(
    await api.refusal('DeregisterContainerInstance', { cluster, containerInstance: missing }),
    /^InvalidParameterException: Referenced container instance f+ not found\.$/,
  );
});
