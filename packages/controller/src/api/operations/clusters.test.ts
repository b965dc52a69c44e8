import {
  CreateClusterCommand,
  DeleteClusterCommand,
  DescribeClustersCommand,
  paginateListClusters,
  UpdateClusterCommand,
  UpdateClusterSettingsCommand,
} from '@aws-sdk/client-ecs';
import test from 'ava';
import { ApiServerFixture } from '../../../../../test/support/api-server.ts';
import { anInstance, aService, aTask } from '../../../../../test/support/stored-records.ts';

let api: ApiServerFixture;
test.before(async () => {
  api = await ApiServerFixture.start();
});
test.after.always(() => api?.close());

const arn = (name: string): string => `arn:aws:ecs:us-east-1:000000000000:cluster/${name}`;
const create = (clusterName?: string, more: object = {}) => api.ecs.send(new CreateClusterCommand({ clusterName, ...more }));
const describe = (clusters: string[], include: ('SETTINGS' | 'STATISTICS' | 'TAGS' | 'CONFIGURATIONS' | 'ATTACHMENTS')[] = []) =>
  api.ecs.send(new DescribeClustersCommand({ clusters, include }));
const remove = (cluster: string) => api.ecs.send(new DeleteClusterCommand({ cluster }));

test('a cluster is created, empty, as ECS shows one', async (t) => {
  const { cluster } = await create('fresh', { tags: [{ key: 'team', value: 'a' }] });
  t.deepEqual(cluster, {
    clusterArn: arn('fresh'),
    clusterName: 'fresh',
    status: 'ACTIVE',
    registeredContainerInstancesCount: 0,
    runningTasksCount: 0,
    pendingTasksCount: 0,
    activeServicesCount: 0,
    statistics: [],
    tags: [{ key: 'team', value: 'a' }],
    settings: [{ name: 'containerInsights', value: 'disabled' }],
    capacityProviders: [],
    defaultCapacityProviderStrategy: [],
  });
});

test('without a name it is the default one, by name or ARN the same', async (t) => {
  t.like((await describe(['default'])).failures, [{ arn: arn('default'), reason: 'MISSING' }]);
  t.is((await create()).cluster?.clusterName, 'default');
  t.is((await api.ecs.send(new DescribeClustersCommand({}))).clusters?.[0]?.clusterArn, arn('default'));
  t.is((await describe([arn('default')])).clusters?.[0]?.clusterName, 'default');
});

test('creating a cluster again gives it as it is, also to many at once', async (t) => {
  await create('again', { tags: [{ key: 'first', value: '1' }] });
  const all = await Promise.all(Array.from({ length: 8 }, () => create('again', { tags: [{ key: 'later', value: '2' }] })));
  for (const { cluster } of all) t.deepEqual(cluster?.tags, [{ key: 'first', value: '1' }]);
});

test('what was not asked for with include is left empty', async (t) => {
  await create('included', {
    tags: [{ key: 'a', value: 'b' }],
    settings: [{ name: 'containerInsights', value: 'enabled' }],
    configuration: { executeCommandConfiguration: { logging: 'NONE' } },
  });
  const bare = (await describe(['included'])).clusters?.[0];
  t.deepEqual([bare?.tags, bare?.settings, bare?.statistics, bare?.configuration], [[], [], [], undefined]);
  const full = (await describe(['included'], ['SETTINGS', 'STATISTICS', 'TAGS', 'CONFIGURATIONS'])).clusters?.[0];
  t.deepEqual(full?.tags, [{ key: 'a', value: 'b' }]);
  t.deepEqual(full?.settings, [{ name: 'containerInsights', value: 'enabled' }]);
  t.deepEqual(full?.configuration, { executeCommandConfiguration: { logging: 'NONE' } });
  t.true(full?.statistics?.some(({ name, value }) => name === 'runningEC2TasksCount' && value === '0'));
});

test('counts are those of the cluster', async (t) => {
  await create('counted');
  await anInstance(api.store, 'counted');
  await aService(api.store, 'counted', { name: 'web' });
  await aTask(api.store, 'counted', {});
  await aTask(api.store, 'counted', { lastStatus: 'RUNNING' });
  t.like((await describe(['counted'])).clusters?.[0], {
    registeredContainerInstancesCount: 2,
    activeServicesCount: 1,
    pendingTasksCount: 1,
    runningTasksCount: 1,
  });
});

test('a cluster is changed', async (t) => {
  await create('changed');
  const settings = [{ name: 'containerInsights' as const, value: 'enhanced' }];
  const settled = await api.ecs.send(new UpdateClusterSettingsCommand({ cluster: arn('changed'), settings }));
  t.deepEqual(settled.cluster?.settings, settings);
  const configuration = { executeCommandConfiguration: { logging: 'DEFAULT' as const } };
  const updated = await api.ecs.send(new UpdateClusterCommand({ cluster: 'changed', configuration }));
  t.deepEqual(updated.cluster?.configuration, configuration);
  t.deepEqual(updated.cluster?.settings, settings);
  await t.throwsAsync(api.ecs.send(new UpdateClusterCommand({ cluster: 'nowhere' })), { name: 'ClusterNotFoundException' });
});

test('clusters are listed page by page, deleted ones not', async (t) => {
  const names = Array.from({ length: 7 }, (_, n) => `listed-${n}`);
  await Promise.all(names.map((name) => create(name)));
  await remove('listed-3');
  const arns: string[] = [];
  for await (const page of paginateListClusters({ client: api.ecs, pageSize: 2 }, {})) {
    t.true((page.clusterArns?.length ?? 0) <= 2);
    arns.push(...(page.clusterArns ?? []));
  }
  const listed = arns.filter((one) => one.includes('listed-'));
  t.deepEqual(listed, names.filter((name) => name !== 'listed-3').map(arn));
});

test('a deleted cluster is INACTIVE, describable, and comes back as a new one', async (t) => {
  await create('gone', { tags: [{ key: 'old', value: '1' }] });
  t.is((await remove(arn('gone'))).cluster?.status, 'INACTIVE');
  t.is((await describe(['gone'])).clusters?.[0]?.status, 'INACTIVE');
  await t.throwsAsync(api.ecs.send(new UpdateClusterCommand({ cluster: 'gone' })), { name: 'ClusterNotFoundException' });
  const { cluster } = await create('gone');
  t.is(cluster?.status, 'ACTIVE');
  t.deepEqual(cluster?.tags, []);
  await t.throwsAsync(remove('never-was'), { name: 'ClusterNotFoundException', message: 'Cluster not found.' });
});

test('a cluster that holds something is not deleted', async (t) => {
  await create('with-instance');
  await anInstance(api.store, 'with-instance');
  await t.throwsAsync(remove('with-instance'), {
    name: 'ClusterContainsContainerInstancesException',
    message: 'The Cluster cannot be deleted while Container Instances are active or draining.',
  });
  await create('with-service');
  await aService(api.store, 'with-service', { name: 'web' });
  await t.throwsAsync(remove('with-service'), { name: 'ClusterContainsServicesException' });
  await create('with-task');
  await aTask(api.store, 'with-task', {});
  await t.throwsAsync(remove('with-task'), { name: 'ClusterContainsTasksException' });
});

test('what a cluster cannot be is refused', async (t) => {
  await t.throwsAsync(create('bad name'), { name: 'InvalidParameterException', message: /'clusterName' failed to satisfy/ });
  await t.throwsAsync(create('@'), { name: 'InvalidParameterException' });
  await t.throwsAsync(create('x', { capacityProviders: ['FARGATE'] }), { message: /'FARGATE' was not found/ });
  await t.throwsAsync(create('x', { settings: [{ name: 'containerInsights', value: 'maybe' }] }), {
    message: /'settings\[0\]\.value' failed .*\[enabled, disabled, enhanced\]/,
  });
  await t.throwsAsync(create('x', { tags: [{ key: 'aws:mine', value: '' }] }), { message: /reserved for AWS use/ });
  t.like((await describe(['x'])).failures, [{ reason: 'MISSING' }]);
});
