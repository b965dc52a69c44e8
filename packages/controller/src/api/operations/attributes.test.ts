import test from 'ava';
import type { Attribute, ListAttributesResponse } from '@aws-sdk/client-ecs';
import { ApiHarness } from '../../../../../test/support/api-harness.ts';

const targetType = 'container-instance';
const arn = (cluster: string, id: string): string => `arn:aws:ecs:us-east-1:000000000000:container-instance/${cluster}/${id}`;

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
const put = (cluster: string, ...attributes: Attribute[]) =>
  api.run<{ attributes: Attribute[] }>('PutAttributes', { cluster, attributes });
async function list(cluster: string, input: object = {}): Promise<Attribute[] | undefined> {
  return (await api.run<ListAttributesResponse>('ListAttributes', { cluster, targetType, ...input })).attributes;
}

test('attributes are put, replaced, listed and deleted', async (t) => {
  const id = await aCluster('attributes');
  const targetId = arn('attributes', id);
  t.deepEqual((await put('attributes', { name: 'stack', value: 'dev', targetId })).attributes, [
    { name: 'stack', value: 'dev', targetId },
  ]);
  await put('attributes', { name: 'stack', value: 'prod', targetId: id, targetType }, { name: 'gpu', targetId });
  t.deepEqual(await list('attributes', { attributeName: 'stack' }), [{ name: 'stack', value: 'prod', targetId }]);
  t.deepEqual(await list('attributes', { attributeName: 'stack', attributeValue: 'dev' }), []);
  t.deepEqual(
    (await list('attributes'))?.map(({ name }) => name),
    ['ecs.availability-zone', 'gpu', 'stack'],
  );
  const deleted = await api.run<{ attributes: Attribute[] }>('DeleteAttributes', {
    cluster: 'attributes',
    attributes: [
      { name: 'stack', targetId },
      { name: 'unknown', targetId },
    ],
  });
  t.deepEqual(deleted.attributes, [{ name: 'stack', value: 'prod', targetId }]);
  t.deepEqual(
    (await list('attributes'))?.map(({ name }) => name),
    ['ecs.availability-zone', 'gpu'],
  );
});

test('an instance has at most 10 custom attributes, and a call that breaks that changes nothing', async (t) => {
  const id = await aCluster('limit');
  const other = await api.anInstance({ cluster: 'limit' });
  const attributes = Array.from({ length: 10 }, (_, n) => ({ name: `a${n}`, value: 'x', targetId: id, targetType }) as const);
  await put('limit', ...attributes);
  const refused = await api.refusal('PutAttributes', {
    cluster: 'limit',
    attributes: [
      { name: 'b', targetId: other, targetType },
      { name: 'a10', targetId: id, targetType },
    ],
  });
  t.regex(refused, /^AttributeLimitExceededException/);
  t.deepEqual(await list('limit', { attributeName: 'b' }), []);
  await put('limit', { name: 'a0', value: 'y', targetId: id, targetType });
  t.like(await list('limit', { attributeName: 'a0' }), [{ value: 'y' }]);
});

test('attributes that are put at once are all kept', async (t) => {
  const id = await aCluster('at-once');
  const names = ['a', 'b', 'c', 'd', 'e'];
  await Promise.all(names.map((name) => put('at-once', { name, value: name, targetId: id, targetType })));
  t.deepEqual(
    (await list('at-once'))?.map(({ name }) => name),
    [...names, 'ecs.availability-zone'],
  );
});

test('bad attributes and targets are refused', async (t) => {
  const id = await aCluster('refused');
  const refused = (...attributes: object[]): Promise<string> => api.refusal('PutAttributes', { cluster: 'refused', attributes });
  t.regex(await refused({ name: 'x', targetId: 'f'.repeat(32), targetType }), /^TargetNotFoundException/);
  t.regex(await refused({ name: 'x', targetId: id }), /^InvalidParameterException: .*targetType/);
  t.regex(await refused({ name: 'x' }), /^InvalidParameterException: .*targetId/);
  t.regex(await refused({ name: 'a b', targetId: id, targetType }), /^InvalidParameterException: .*name/);
  t.regex(await refused({ name: 'x', value: ' y', targetId: id, targetType }), /^InvalidParameterException: .*value/);
  t.regex(await refused(), /^InvalidParameterException: .*attributes/);
  const eleven = Array.from({ length: 11 }, (_, n) => ({ name: `n${n}`, targetId: id, targetType }));
  t.regex(await refused(...eleven), /^InvalidParameterException: .*attributes/);
  const value = { cluster: 'refused', targetType, attributeValue: 'x' };
  t.regex(await api.refusal('ListAttributes', value), /^InvalidParameterException: attributeValue/);
});
