import {
  CreateClusterCommand,
  DeleteClusterCommand,
  ListTagsForResourceCommand,
  RegisterTaskDefinitionCommand,
  TagResourceCommand,
  UntagResourceCommand,
  type Tag,
} from '@aws-sdk/client-ecs';
import test from 'ava';
import { ApiServerFixture } from '../../../../../test/support/api-server.ts';
import { anInstance, aService, aTask } from '../../../../../test/support/stored-records.ts';

let api: ApiServerFixture;
test.before(async () => {
  api = await ApiServerFixture.start();
  await api.ecs.send(new CreateClusterCommand({}));
});
test.after.always(() => api?.close());

const arn = (rest: string): string => `arn:aws:ecs:us-east-1:000000000000:${rest}`;
const tag = (resourceArn: string, tags: Tag[]) => api.ecs.send(new TagResourceCommand({ resourceArn, tags }));
const untag = (resourceArn: string, tagKeys: string[]) => api.ecs.send(new UntagResourceCommand({ resourceArn, tagKeys }));
const tagsOf = async (resourceArn: string) => (await api.ecs.send(new ListTagsForResourceCommand({ resourceArn }))).tags;

test('tags of every kind of resource are added, replaced, removed and listed', async (t) => {
  await api.ecs.send(
    new RegisterTaskDefinitionCommand({ family: 'web', containerDefinitions: [{ name: 'a', image: 'b', memory: 8 }] }),
  );
  await aService(api.store, 'default', { name: 'web' });
  const task = await aTask(api.store, 'default', {});
  const instance = await anInstance(api.store, 'default');
  const resources = [
    'cluster/default',
    'service/default/web',
    `task/default/${task}`,
    `container-instance/default/${instance}`,
    'task-definition/web:1',
  ];
  for (const resource of resources.map(arn)) {
    await tag(resource, [
      { key: 'a', value: '1' },
      { key: 'b', value: '' },
    ]);
    await tag(resource, [{ key: 'a', value: '2' }, { key: 'c' }]);
    await untag(resource, ['b', 'never-was']);
    t.deepEqual(
      await tagsOf(resource),
      [
        { key: 'a', value: '2' },
        { key: 'c', value: '' },
      ],
      resource,
    );
  }
});

test('many callers that tag one resource at once lose nothing', async (t) => {
  await api.ecs.send(new CreateClusterCommand({ clusterName: 'busy' }));
  await Promise.all(Array.from({ length: 8 }, (_, n) => tag(arn('cluster/busy'), [{ key: `key-${n}`, value: String(n) }])));
  t.is((await tagsOf(arn('cluster/busy')))?.length, 8);
});

test('what tags cannot be is refused, and nothing of it is kept', async (t) => {
  await api.ecs.send(new CreateClusterCommand({ clusterName: 'strict' }));
  const resource = arn('cluster/strict');
  const many = Array.from({ length: 51 }, (_, n) => ({ key: `k${n}`, value: '' }));
  const cases: [Tag[], RegExp][] = [
    [[{ key: 'aws:x', value: '' }], /the prefix aws: is reserved/],
    [[{ key: 'AWS:x', value: '' }], /the prefix aws: is reserved/],
    [[{ value: 'x' }], /tags\[0\]\.key must not be empty/],
    [[{ key: 'k'.repeat(129) }], /129 characters long; the longest tag key is 128/],
    [[{ key: 'k', value: 'v'.repeat(257) }], /257 characters long; the longest tag value is 256/],
    [[{ key: 'k*' }], /has a character that tags cannot have/],
    [[{ key: 'k' }, { key: 'k' }], /Duplicate tag keys/],
    [many, /at most 50 tags; these are 51/],
  ];
  for (const [tags, message] of cases) {
    await t.throwsAsync(tag(resource, tags), { name: 'InvalidParameterException', message });
  }
  await tag(resource, many.slice(0, 50));
  await t.throwsAsync(tag(resource, [{ key: 'one-more', value: '' }]), { message: /at most 50 tags; these are 51/ });
  t.is((await tagsOf(resource))?.length, 50);
});

test('what is not there, deleted or no ARN has no tags', async (t) => {
  await t.throwsAsync(tagsOf(arn('cluster/nowhere')), { name: 'ClusterNotFoundException' });
  await t.throwsAsync(tagsOf(arn('service/default/nowhere')), {
    name: 'ResourceNotFoundException',
    message: 'The specified service was not found.',
  });
  await t.throwsAsync(tag(arn('task-definition/nowhere:1'), []), { name: 'ResourceNotFoundException' });
  await t.throwsAsync(tagsOf('web'), {
    name: 'InvalidParameterException',
    message: /The provided resource ARN "web" is invalid/,
  });
  await api.ecs.send(new CreateClusterCommand({ clusterName: 'ended' }));
  await api.ecs.send(new DeleteClusterCommand({ cluster: 'ended' }));
  await t.throwsAsync(tagsOf(arn('cluster/ended')), {
    name: 'InvalidParameterException',
    message: 'The specified cluster is inactive. Specify an active cluster and try again.',
  });
});
