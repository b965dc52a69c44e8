import test from 'ava';
import { EpochDate } from '../output.ts';
import { aService, aTask, startOfTime } from '../../../../../test/support/domain-builders.ts';
import type { DeploymentState } from '../../domain/service.ts';
import type { Task } from '../../domain/task.ts';
import { renderService } from './service-view.ts';

const scope = { region: 'us-east-1', accountId: '000000000000' };
const instances = new Map([
  ['i1', { connected: true }],
  ['lost', { connected: false }],
]);
const lookups = (...tasks: Task[]) => ({ tasks, instances });

const deployment = (overrides: Partial<DeploymentState>): DeploymentState => ({
  id: 'ecs-svc/1',
  taskDefinition: 'web:1',
  status: 'PRIMARY',
  desiredCount: 3,
  rolloutState: 'COMPLETED',
  rolloutStateReason: 'ECS deployment ecs-svc/1 completed.',
  failedTasks: 0,
  createdAt: startOfTime,
  updatedAt: startOfTime,
  ...overrides,
});

test('a service that the reconciler has not seen has one PRIMARY deployment in progress', (t) => {
  const shown = renderService(aService({ desiredCount: 3 }), lookups(), scope);
  t.like(shown, {
    serviceArn: 'arn:aws:ecs:us-east-1:000000000000:service/default/web',
    serviceName: 'web',
    status: 'ACTIVE',
    desiredCount: 3,
    runningCount: 0,
    pendingCount: 0,
    schedulingStrategy: 'REPLICA',
    launchType: 'EC2',
    deploymentController: { type: 'ECS' },
    taskDefinition: 'arn:aws:ecs:us-east-1:000000000000:task-definition/web:1',
    events: [],
  });
  t.is(shown.deployments?.length, 1);
  t.like(shown.deployments?.[0], { id: 'ecs-svc/1', status: 'PRIMARY', rolloutState: 'IN_PROGRESS', desiredCount: 3 });
});

test('only wanted tasks on connected instances count, starting ones as pending', (t) => {
  const shown = renderService(
    aService({ desiredCount: 3 }),
    lookups(
      aTask(),
      aTask({ status: 'PENDING' }),
      aTask({ status: 'PROVISIONING', instance: null }),
      aTask({ instance: 'lost' }),
      aTask({ status: 'PENDING', instance: 'lost' }),
      aTask({ instance: 'gone' }),
      aTask({ desire: { desiredStatus: 'STOPPED' } }),
      aTask({ status: 'DEACTIVATING' }),
      aTask({ status: 'STOPPED' }),
    ),
    scope,
  );
  t.like(shown, { runningCount: 1, pendingCount: 2 });
  t.like(shown.deployments?.[0], { runningCount: 1, pendingCount: 2 });
});

test('a deployment that was just asked for is PRIMARY at once, the former one ACTIVE', (t) => {
  const service = aService({
    taskDefinition: 'web:2',
    deploymentId: 'ecs-svc/2',
    desiredCount: 3,
    state: { deployments: [deployment({ failedTasks: 2 })] },
  });
  const shown = renderService(service, lookups(aTask(), aTask(), aTask({ deploymentId: 'ecs-svc/2', status: 'PENDING' })), scope);
  t.is(shown.deployments?.length, 2);
  t.like(shown.deployments?.[0], {
    id: 'ecs-svc/2',
    status: 'PRIMARY',
    rolloutState: 'IN_PROGRESS',
    pendingCount: 1,
    runningCount: 0,
  });
  t.like(shown.deployments?.[1], { id: 'ecs-svc/1', status: 'ACTIVE', runningCount: 2, pendingCount: 0, failedTasks: 2 });
  t.is(shown.runningCount, 2);
});

test('the primary deployment shows the desired count that was asked for last', (t) => {
  const service = aService({ desiredCount: 5, state: { deployments: [deployment({ desiredCount: 3 })] } });
  t.like(renderService(service, lookups(), scope).deployments?.[0], { desiredCount: 5, rolloutState: 'COMPLETED' });
});

test('the deployment configuration has ECS’s defaults', (t) => {
  t.like(renderService(aService(), lookups(), scope).deploymentConfiguration, {
    maximumPercent: 200,
    minimumHealthyPercent: 100,
    deploymentCircuitBreaker: { enable: false, rollback: false },
  });
});

test('an INACTIVE service has no deployments and keeps its events', (t) => {
  const state = { deployments: [deployment({})], events: [{ id: 'e1', createdAt: startOfTime, message: '(service web) …' }] };
  const shown = renderService(aService({ status: 'INACTIVE', desiredCount: 0, state }), lookups(), scope);
  t.deepEqual(shown.deployments, []);
  t.deepEqual(shown.events, [{ id: 'e1', createdAt: new EpochDate(startOfTime), message: '(service web) …' }]);
});

test('tags are shown only when they are asked for', (t) => {
  const service = aService({ tags: { team: 'a' } });
  t.false('tags' in renderService(service, lookups(), scope));
  t.deepEqual(renderService(service, { ...lookups(), includeTags: true }, scope).tags, [{ key: 'team', value: 'a' }]);
});
