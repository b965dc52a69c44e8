import test from 'ava';
import type { ApiError } from './api-error.ts';
import {
  clusterNameOf,
  containerInstanceIdOf,
  resourceOf,
  serviceNameOf,
  taskDefinitionReferenceOf,
  taskIdOf,
} from './references.ts';

const arn = (rest: string): string => `arn:aws:ecs:us-east-1:000000000000:${rest}`;
const id = 'a'.repeat(32);

test('a cluster is named by name or ARN; nothing means default', (t) => {
  t.is(clusterNameOf(undefined), 'default');
  t.is(clusterNameOf('prod'), 'prod');
  t.is(clusterNameOf(arn('cluster/prod')), 'prod');
  t.is(clusterNameOf('arn:aws-cn:ecs:cn-north-1:111122223333:cluster/prod'), 'prod');
});

test('what cannot name a cluster is refused, not looked for', (t) => {
  for (const bad of [
    '@',
    'a b',
    'a{b}',
    'a/b',
    'x'.repeat(256),
    arn('cluster/a/b'),
    arn('service/prod/web'),
    'arn:nonsense',
    'ä',
  ]) {
    const error = t.throws(() => clusterNameOf(bad)) as ApiError;
    t.is(error.code, 'InvalidParameterException', bad);
  }
});

test('services, tasks and container instances are named by name or id, or by ARN in the long or the old format', (t) => {
  t.is(serviceNameOf('web', 'prod'), 'web');
  t.is(serviceNameOf(arn('service/prod/web'), 'prod'), 'web');
  t.is(serviceNameOf(arn('service/web'), 'prod'), 'web');
  t.is(taskIdOf(arn(`task/prod/${id}`), 'prod'), id);
  t.is(taskIdOf(arn(`task/${id}`), 'prod'), id);
  t.is(containerInstanceIdOf(arn(`container-instance/prod/${id}`), 'prod'), id);
});

test('an ARN of another cluster or kind is refused', (t) => {
  t.throws(() => taskIdOf(arn(`task/prod/${id}`), 'default'), {
    message: 'Identifier is for cluster prod. Your cluster is default',
  });
  t.throws(() => taskIdOf(arn('service/prod/web'), 'prod'), { message: /^Invalid task ARN/ });
  t.throws(() => taskIdOf(arn(`task/a/b/${id}`), 'a'), { message: /^Invalid task ARN/ });
  t.throws(() => serviceNameOf('we b', 'prod'), { message: /^Invalid service identifier/ });
});

test('a task definition is named by family, family and revision, or an ARN of either', (t) => {
  t.deepEqual(taskDefinitionReferenceOf('web'), { family: 'web' });
  t.deepEqual(taskDefinitionReferenceOf('web:3'), { family: 'web', revision: 3 });
  t.deepEqual(taskDefinitionReferenceOf(arn('task-definition/web:3')), { family: 'web', revision: 3 });
  t.deepEqual(taskDefinitionReferenceOf(arn('task-definition/web')), { family: 'web' });
  for (const bad of ['', 'web:', 'web:x', 'web:1:2', 'we b', arn('task/web'), 'web:0']) {
    const error: unknown = t.throws(() => taskDefinitionReferenceOf(bad));
    t.is((error as ApiError).code, 'ClientException', bad);
  }
});

test('a resource is named by its ARN in the long format', (t) => {
  t.deepEqual(resourceOf(arn('cluster/prod')), { kind: 'cluster', cluster: 'prod' });
  t.deepEqual(resourceOf(arn('service/prod/web')), { kind: 'service', cluster: 'prod', id: 'web' });
  t.deepEqual(resourceOf(arn(`task/prod/${id}`)), { kind: 'task', cluster: 'prod', id });
  t.deepEqual(resourceOf(arn(`container-instance/prod/${id}`)), { kind: 'container-instance', cluster: 'prod', id });
  t.deepEqual(resourceOf(arn('task-definition/web:2')), { kind: 'task-definition', id: 'web:2' });
  for (const bad of ['web', arn('service/web'), arn('task-definition/web'), arn('capacity-provider/x'), arn('task/a{b}/c')]) {
    t.throws(() => resourceOf(bad), undefined, bad);
  }
});
