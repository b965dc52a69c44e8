import {
  DeleteTaskDefinitionsCommand,
  DeregisterTaskDefinitionCommand,
  DescribeTaskDefinitionCommand,
  ListTaskDefinitionFamiliesCommand,
  ListTaskDefinitionsCommand,
  paginateListTaskDefinitions,
  RegisterTaskDefinitionCommand,
  type ListTaskDefinitionsRequest,
} from '@aws-sdk/client-ecs';
import test from 'ava';
import { ApiServerFixture } from '../../../../../test/support/api-server.ts';

let api: ApiServerFixture;
test.before(async () => {
  api = await ApiServerFixture.start();
});
test.after.always(() => api?.close());

const arn = (definition: string): string => `arn:aws:ecs:us-east-1:000000000000:task-definition/${definition}`;
const register = (family: string, more: object = {}, container: object = {}) =>
  api.ecs.send(
    new RegisterTaskDefinitionCommand({
      family,
      containerDefinitions: [{ name: 'app', image: 'busybox', memory: 64, ...container }],
      ...more,
    }),
  );
const describe = (taskDefinition: string, include?: ['TAGS']) =>
  api.ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition, include }));
const deregister = (taskDefinition: string) => api.ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition }));

test('what is registered comes back with the defaults that ECS fills in', async (t) => {
  const portMappings = [{ containerPort: 80 }];
  const { taskDefinition } = await register('filled', {}, { portMappings, healthCheck: { command: ['CMD', 'true'] } });
  t.like(taskDefinition, {
    taskDefinitionArn: arn('filled:1'),
    family: 'filled',
    revision: 1,
    status: 'ACTIVE',
    volumes: [],
    placementConstraints: [],
    compatibilities: ['EXTERNAL', 'EC2'],
    registeredBy: 'arn:aws:iam::000000000000:root',
  });
  t.true(taskDefinition?.registeredAt instanceof Date);
  t.true(Math.abs((taskDefinition?.registeredAt?.getTime() ?? 0) - Date.now()) < 60_000);
  t.deepEqual(taskDefinition?.containerDefinitions, [
    {
      name: 'app',
      image: 'busybox',
      memory: 64,
      cpu: 0,
      essential: true,
      portMappings: [{ containerPort: 80, hostPort: 0, protocol: 'tcp' }],
      environment: [],
      mountPoints: [],
      volumesFrom: [],
      systemControls: [],
      healthCheck: { command: ['CMD', 'true'], interval: 30, timeout: 5, retries: 3 },
    },
  ]);
  t.deepEqual((await describe('filled:1')).taskDefinition, taskDefinition);
});

test('revisions of a family count up, also when many register at once', async (t) => {
  const all = await Promise.all(Array.from({ length: 10 }, () => register('counting')));
  const revisions = all.map(({ taskDefinition }) => taskDefinition?.revision ?? 0).sort((a, b) => a - b);
  t.deepEqual(revisions, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test('a family alone means its latest ACTIVE revision', async (t) => {
  await register('latest');
  await register('latest');
  t.is((await describe('latest')).taskDefinition?.revision, 2);
  await deregister('latest:2');
  t.is((await describe('latest')).taskDefinition?.revision, 1);
  t.is((await describe(arn('latest:2'))).taskDefinition?.status, 'INACTIVE');
  await deregister('latest:1');
  await t.throwsAsync(describe('latest'), { name: 'ClientException', message: 'Unable to describe task definition.' });
});

test('tags come with the registration, and with a description that asks for them', async (t) => {
  const tags = [{ key: 'stage', value: 'test' }];
  t.deepEqual((await register('tagged', { tags })).tags, tags);
  t.deepEqual((await describe('tagged', ['TAGS'])).tags, tags);
  t.deepEqual((await describe('tagged')).tags, []);
});

test('what does not exist or is no name is told', async (t) => {
  await t.throwsAsync(describe('nowhere:7'), { name: 'ClientException', message: 'Unable to describe task definition.' });
  await t.throwsAsync(describe('two words'), { name: 'ClientException', message: /Invalid task definition "two words"/ });
  await t.throwsAsync(deregister('nowhere'), { name: 'ClientException', message: /A revision must be specified/ });
  await t.throwsAsync(deregister('nowhere:1'), { name: 'ClientException' });
});

test('a refused registration takes no revision', async (t) => {
  await register('whole');
  const eleven = Array.from({ length: 11 }, (_, n) => ({ name: `c${n}`, image: 'busybox', memory: 8 }));
  await t.throwsAsync(register('whole', { containerDefinitions: eleven }), { name: 'ClientException', message: /11 items/ });
  await t.throwsAsync(register('whole', { tags: [{ key: '', value: '' }] }), { name: 'InvalidParameterException' });
  t.is((await register('whole')).taskDefinition?.revision, 2);
});

test('task definitions are listed in order of family and number, both ways, by status', async (t) => {
  for (let n = 0; n < 11; n++) await register('sorted');
  await register('sorted-more');
  const list = async (request: ListTaskDefinitionsRequest): Promise<string[]> => {
    const arns: string[] = [];
    for await (const page of paginateListTaskDefinitions({ client: api.ecs, pageSize: 4 }, request)) {
      arns.push(...(page.taskDefinitionArns ?? []));
    }
    return arns.filter((one) => one.includes('/sorted')).map((one) => one.split('/')[1] ?? '');
  };
  const ascending = [...Array.from({ length: 11 }, (_, n) => `sorted:${n + 1}`), 'sorted-more:1'];
  t.deepEqual(await list({}), ascending);
  t.deepEqual(await list({ sort: 'DESC' }), ascending.toReversed());
  t.deepEqual(await list({ familyPrefix: 'sorted-more' }), ['sorted-more:1']);
  t.deepEqual(await list({ familyPrefix: 'sort' }), []);
  await deregister('sorted:2');
  t.deepEqual(await list({ status: 'INACTIVE' }), ['sorted:2']);
  t.false((await list({})).includes('sorted:2'));
  await t.throwsAsync(api.ecs.send(new ListTaskDefinitionsCommand({ status: 'GONE' as 'ACTIVE' })), {
    name: 'InvalidParameterException',
    message: /'GONE' at 'status' failed to satisfy constraint: Member must satisfy enum value set: \[ACTIVE/,
  });
});

test('families are listed by the beginning of their name and by whether a revision is ACTIVE', async (t) => {
  await register('kin-active');
  await register('kin-idle');
  await deregister('kin-idle:1');
  const list = async (status?: 'ACTIVE' | 'INACTIVE' | 'ALL') =>
    (await api.ecs.send(new ListTaskDefinitionFamiliesCommand({ familyPrefix: 'kin-', status }))).families;
  t.deepEqual(await list(), ['kin-active', 'kin-idle']);
  t.deepEqual(await list('ALL'), ['kin-active', 'kin-idle']);
  t.deepEqual(await list('ACTIVE'), ['kin-active']);
  t.deepEqual(await list('INACTIVE'), ['kin-idle']);
});

test('deregistering again changes nothing', async (t) => {
  await register('twice');
  const first = await deregister('twice:1');
  t.is(first.taskDefinition?.status, 'INACTIVE');
  t.true(first.taskDefinition?.deregisteredAt instanceof Date);
  t.deepEqual((await deregister('twice:1')).taskDefinition, first.taskDefinition);
});

test('only INACTIVE task definitions are deleted, each other one is a failure', async (t) => {
  await register('deleted');
  await register('deleted');
  await deregister('deleted:1');
  const taskDefinitions = ['deleted:1', arn('deleted:2'), 'deleted:3'];
  const answer = await api.ecs.send(new DeleteTaskDefinitionsCommand({ taskDefinitions }));
  t.like(answer.taskDefinitions, [{ taskDefinitionArn: arn('deleted:1'), status: 'DELETE_IN_PROGRESS' }]);
  t.true(answer.taskDefinitions?.[0]?.deleteRequestedAt instanceof Date);
  t.deepEqual(
    answer.failures?.map((failure) => [failure.arn, failure.reason]),
    [
      [arn('deleted:2'), 'The specified task definition is still in ACTIVE status. Please deregister the target and try again.'],
      [arn('deleted:3'), 'MISSING'],
    ],
  );
  const many = Array.from({ length: 11 }, (_, n) => `deleted:${n + 1}`);
  await t.throwsAsync(api.ecs.send(new DeleteTaskDefinitionsCommand({ taskDefinitions: many })), {
    name: 'InvalidParameterException',
  });
});
