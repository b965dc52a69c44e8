import test from 'ava';
import { EpochDate } from '../output.ts';
import { aTask, anInstance, startOfTime } from '../../../../../test/support/domain-builders.ts';
import { desiredStatusOf, renderTask } from './task-view.ts';

const scope = { region: 'eu-west-1', accountId: '123456789012' };
const id = 'a'.repeat(32);
const instance = anInstance({
  id: 'i1',
  registration: {
    ...anInstance().registration,
    attributes: { 'ecs.availability-zone': 'rack-1', 'ecs.cpu-architecture': 'x86_64' },
  },
});

test('a running task of a service is shown with its ARNs, place, deployment and times', (t) => {
  const shown = renderTask(aTask({ id }), { instance }, scope);
  t.like(shown, {
    taskArn: `arn:aws:ecs:eu-west-1:123456789012:task/default/${id}`,
    clusterArn: 'arn:aws:ecs:eu-west-1:123456789012:cluster/default',
    taskDefinitionArn: 'arn:aws:ecs:eu-west-1:123456789012:task-definition/web:1',
    containerInstanceArn: 'arn:aws:ecs:eu-west-1:123456789012:container-instance/default/i1',
    availabilityZone: 'rack-1',
    attributes: [{ name: 'ecs.cpu-architecture', value: 'x86_64' }],
    connectivity: 'CONNECTED',
    desiredStatus: 'RUNNING',
    lastStatus: 'RUNNING',
    group: 'service:web',
    startedBy: 'ecs-svc/1',
    launchType: 'EC2',
    cpu: '10',
    memory: '64',
    version: 1,
    tags: [],
  });
  t.deepEqual(shown.startedAt, new EpochDate(startOfTime));
  t.is(shown.stopCode, undefined);
});

test('a task on a lost instance keeps its last status and is disconnected', (t) => {
  const shown = renderTask(aTask(), { instance: { ...instance, connected: false } }, scope);
  t.like(shown, { lastStatus: 'RUNNING', desiredStatus: 'RUNNING', connectivity: 'DISCONNECTED' });
});

test('a task that has no place yet has neither instance nor connectivity', (t) => {
  const shown = renderTask(aTask({ status: 'PROVISIONING', instance: null }), {}, scope);
  t.is(shown.containerInstanceArn, undefined);
  t.is(shown.connectivity, undefined);
  t.is(shown.lastStatus, 'PROVISIONING');
});

test('containers are shown with exit code, reason and ports, under an ARN that is the same at every look', (t) => {
  const task = aTask({
    status: 'STOPPED',
    observed: {
      containers: [
        {
          name: 'web',
          lastStatus: 'STOPPED',
          healthStatus: 'UNHEALTHY',
          exitCode: 137,
          reason: 'OutOfMemoryError: Container killed due to memory usage',
          runtimeId: 'abc',
          imageDigest: 'sha256:1',
          networkBindings: [{ bindIP: '0.0.0.0', containerPort: 80, hostPort: 32768, protocol: 'tcp' }],
        },
      ],
    },
  });
  const [container] = renderTask(task, { instance }, scope).containers ?? [];
  t.like(container, {
    name: 'web',
    image: 'busybox',
    lastStatus: 'STOPPED',
    exitCode: 137,
    reason: 'OutOfMemoryError: Container killed due to memory usage',
    runtimeId: 'abc',
    imageDigest: 'sha256:1',
    healthStatus: 'UNHEALTHY',
    cpu: '10',
    memory: '64',
    networkBindings: [{ bindIP: '0.0.0.0', containerPort: 80, hostPort: 32768, protocol: 'tcp' }],
  });
  t.regex(container?.containerArn ?? '', new RegExp(`:container/default/${task.id}/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`));
  t.deepEqual(renderTask(task, {}, scope).containers?.[0]?.containerArn, container?.containerArn);
});

test('a container that the agent has said nothing of yet is PENDING', (t) => {
  const task = aTask({ status: 'PENDING', observed: { containers: [] } });
  t.like(renderTask(task, {}, scope).containers?.[0], { name: 'web', lastStatus: 'PENDING', networkBindings: [] });
});

test('why a task stopped: the agent’s word wins over the wish', (t) => {
  const desire = { desiredStatus: 'STOPPED', stopCode: 'UserInitiated', stoppedReason: 'enough', stoppingAt: 5 } as const;
  t.like(renderTask(aTask({ desire }), {}, scope), {
    stopCode: 'UserInitiated',
    stoppedReason: 'enough',
    desiredStatus: 'STOPPED',
  });
  const failed = aTask({ status: 'STOPPED', desire, stopCode: 'EssentialContainerExited', exitCode: 1 });
  t.like(renderTask(failed, {}, scope), {
    stopCode: 'EssentialContainerExited',
    stoppedReason: 'Essential container in task exited',
  });
});

test('a task on its way down by itself is meant to stop', (t) => {
  t.is(desiredStatusOf(aTask({ status: 'DEACTIVATING' })), 'STOPPED');
  t.is(desiredStatusOf(aTask({ status: 'RUNNING' })), 'RUNNING');
  t.is(desiredStatusOf(aTask({ desire: { desiredStatus: 'STOPPED' } })), 'STOPPED');
});

test('overrides name every container of the task', (t) => {
  const plain = renderTask(aTask(), {}, scope);
  t.deepEqual(plain.overrides, { containerOverrides: [{ name: 'web' }], inferenceAcceleratorOverrides: [] });
  const overrides = { cpu: '256', containerOverrides: [{ name: 'web', command: ['true'] }] };
  t.deepEqual(renderTask(aTask({ spec: { overrides } }), {}, scope).overrides, {
    ...overrides,
    inferenceAcceleratorOverrides: [],
  });
});

test('tags are shown when they are asked for', (t) => {
  const task = { ...aTask(), tags: { team: 'a' } };
  t.deepEqual(renderTask(task, {}, scope).tags, []);
  t.deepEqual(renderTask(task, { includeTags: true }, scope).tags, [{ key: 'team', value: 'a' }]);
});
