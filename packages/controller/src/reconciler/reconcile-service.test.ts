import test from 'ava';
import {
  aService,
  aTask,
  aTaskDefinition,
  nextId,
  startOfTime,
  type TaskOverrides,
} from '../../../../test/support/domain-builders.ts';
import type { Service } from '../domain/service.ts';
import type { Task } from '../domain/task.ts';
import { reconcileService } from './reconcile-service.ts';
import type { ServiceSituation } from './service-situation.ts';

const now = startOfTime + 3_600_000;
const zones: Record<string, string> = { i1: 'a', i2: 'b', i3: 'c' };

function situation(service: Service, tasks: Task[], overrides: Partial<ServiceSituation> = {}): ServiceSituation {
  return {
    service,
    tasks,
    instances: new Map(Object.entries(zones).map(([id, zone]) => [id, { connected: true, status: 'ACTIVE' as const, zone }])),
    taskDefinitions: new Map(['web:1', 'web:2'].map((id) => [id, aTaskDefinition({ revision: Number(id.split(':')[1]) })])),
    now,
    newTaskId: nextId,
    newEventId: nextId,
    ...overrides,
  };
}

const tasks = (count: number, overrides: TaskOverrides = {}): Task[] => Array.from({ length: count }, () => aTask(overrides));
const messages = (service: { state: Service['state'] }): string[] => service.state.events.map(({ message }) => message);
const steady = { steady: true, told: { startedAt: startOfTime } };

test('a service starts as many tasks as are missing, with its deployment, group and resources', (t) => {
  const { create, stop } = reconcileService(situation(aService({ desiredCount: 3 }), tasks(1)));
  t.is(create.length, 2);
  t.deepEqual(stop, []);
  t.like(create[0]?.spec, {
    taskDefinition: 'web:1',
    group: 'service:web',
    startedBy: 'ecs-svc/1',
    resources: { cpu: 10, memory: 64 },
  });
});

test('a steady service changes nothing, not even its state', (t) => {
  const first = reconcileService(situation(aService({ desiredCount: 2 }), tasks(2)));
  const service = aService({ desiredCount: 2, state: first.state });
  const second = reconcileService(situation(service, tasks(2)));
  t.is(second.state, service.state);
  t.deepEqual([second.create, second.stop], [[], []]);
});

test('what stops the last surplus is steady at once: the next look has nothing to tell', (t) => {
  const kept = aTask();
  const surplus = aTask({ status: 'PROVISIONING', instance: null });
  const first = reconcileService(situation(aService({ desiredCount: 1 }), [kept, surplus]));
  t.deepEqual(
    first.stop.map(({ task }) => task.id),
    [surplus.id],
  );
  t.is(messages(first)[0], '(service web) has reached a steady state.');
  const service = aService({ desiredCount: 1, state: first.state });
  t.is(reconcileService(situation(service, [kept])).state, service.state);
});

test('reaching a steady state completes the deployment and says so in ECS’s words', (t) => {
  const { state } = reconcileService(situation(aService({ desiredCount: 2 }), tasks(2)));
  t.is(state.deployments[0]?.rolloutState, 'COMPLETED');
  t.deepEqual(messages({ state }).slice(0, 2), [
    '(service web) has reached a steady state.',
    '(service web) (deployment ecs-svc/1) deployment completed.',
  ]);
});

test('a task on a lost host is replaced but not stopped', (t) => {
  const lost = new Map([['i1', { connected: false, status: 'ACTIVE' as const, zone: 'a' }]]);
  const changes = reconcileService(situation(aService({ desiredCount: 2 }), tasks(2), { instances: lost }));
  t.is(changes.create.length, 2);
  t.deepEqual(changes.stop, []);
});

test('when a lost host returns, the surplus that spoils the spread most is stopped and nothing starts', (t) => {
  const all = [...tasks(20, { instance: 'i1' }), ...tasks(30, { instance: 'i2' }), ...tasks(30, { instance: 'i3' })];
  const { stop, create } = reconcileService(situation(aService({ desiredCount: 60 }), all));
  const left = new Set(all);
  for (const { task } of stop) left.delete(task);
  const perInstance = Map.groupBy(left, ({ instance }) => instance);
  t.deepEqual(
    [...perInstance.values()].map((some) => some.length),
    [20, 20, 20],
  );
  t.is(create.length, 0);
});

test('scaling in stops first what has no place, then what is not running', (t) => {
  const unplaced = aTask({ status: 'PROVISIONING', instance: null });
  const pending = aTask({ status: 'PENDING' });
  const { stop } = reconcileService(situation(aService({ desiredCount: 1 }), [aTask(), pending, unplaced]));
  t.deepEqual(
    stop.map(({ task }) => task.id),
    [unplaced.id, pending.id],
  );
  t.like(stop[0]?.desire, {
    desiredStatus: 'STOPPED',
    stopCode: 'ServiceSchedulerInitiated',
    stoppedReason: 'Scaling activity initiated by (deployment ecs-svc/1)',
  });
});

test('a new deployment starts all its tasks at 200 % and stops no old one before a new one runs', (t) => {
  const service = aService({ desiredCount: 4, deploymentId: 'ecs-svc/2', taskDefinition: 'web:2' });
  const { create, stop, state } = reconcileService(situation(service, tasks(4)));
  t.is(create.length, 4);
  t.is(stop.length, 0);
  t.is(create[0]?.spec.taskDefinition, 'web:2');
  t.is(state.deployments[0]?.rolloutState, 'IN_PROGRESS');
});

test('as tasks of a new deployment become ready, as many old ones stop', (t) => {
  const service = aService({ desiredCount: 4, deploymentId: 'ecs-svc/2' });
  const all = [
    ...tasks(4),
    ...tasks(3, { deploymentId: 'ecs-svc/2' }),
    ...tasks(1, { deploymentId: 'ecs-svc/2', status: 'PENDING' }),
  ];
  const { create, stop } = reconcileService(situation(service, all));
  t.is(create.length, 0);
  t.is(stop.length, 3);
  t.true(stop.every(({ task }) => task.spec.service?.deploymentId === 'ecs-svc/1'));
});

test('at 100 % maximum, old tasks stop down to the minimum to make room', (t) => {
  const service = aService({ desiredCount: 4, deploymentId: 'ecs-svc/2', minimumHealthyPercent: 50, maximumPercent: 100 });
  const { create, stop } = reconcileService(situation(service, tasks(4)));
  t.deepEqual([create.length, stop.length], [0, 2]);
});

test('a deployment that its limits forbid for ever says so, once', (t) => {
  const limits = { desiredCount: 1, deploymentId: 'ecs-svc/2', minimumHealthyPercent: 100, maximumPercent: 100 };
  const first = reconcileService(situation(aService(limits), tasks(1)));
  t.regex(
    messages(first)[0] ?? '',
    /unable to stop or start tasks during a deployment because of the service deployment configuration/,
  );
  const second = reconcileService(situation(aService({ ...limits, state: first.state }), tasks(1)));
  t.is(messages(second).length, messages(first).length);
});

test('when new tasks find no room, old ones make it, but not below the minimum', (t) => {
  const service = aService({
    desiredCount: 4,
    deploymentId: 'ecs-svc/2',
    minimumHealthyPercent: 75,
    refusal: { at: now, because: 'no container instance met all of its requirements.' },
  });
  const waiting = tasks(4, { deploymentId: 'ecs-svc/2', status: 'PROVISIONING', instance: null });
  const { stop } = reconcileService(situation(service, [...tasks(4), ...waiting]));
  t.is(stop.length, 1);
});

test('tasks on a DRAINING instance move away within the limits', (t) => {
  const instances = new Map([
    ['i1', { connected: true, status: 'DRAINING' as const, zone: 'a' }],
    ['i2', { connected: true, status: 'ACTIVE' as const, zone: 'b' }],
  ]);
  const before = [...tasks(2, { instance: 'i1' }), ...tasks(2, { instance: 'i2' })];
  const first = reconcileService(situation(aService({ desiredCount: 4 }), before, { instances }));
  t.deepEqual([first.create.length, first.stop.length], [2, 0]);
  const second = reconcileService(
    situation(aService({ desiredCount: 4 }), [...before, ...tasks(2, { instance: 'i2' })], { instances }),
  );
  t.deepEqual([second.create.length, second.stop.length], [0, 2]);
  t.true(second.stop.every(({ task }) => task.instance === 'i1'));
});

test('an unhealthy task is stopped and replaced', (t) => {
  const { create, stop, state } = reconcileService(
    situation(aService({ desiredCount: 1 }), [aTask({ observed: { healthStatus: 'UNHEALTHY' } })]),
  );
  t.deepEqual([create.length, stop.length], [1, 1]);
  t.is(stop[0]?.desire.stoppedReason, 'Task failed container health checks');
  t.true(messages({ state }).some((message) => message.endsWith('failed container health checks.')));
});

const crashed = (lifeMs: number, earlyStopsBefore: number): Task =>
  aTask({
    status: 'STOPPED',
    exitCode: 1,
    stopCode: 'EssentialContainerExited',
    observed: { startedAt: now - 500 - lifeMs, stoppedAt: now - 500 },
    ...(earlyStopsBefore ? { spec: { replaces: { taskId: 'x', earlyStops: earlyStopsBefore } } } : {}),
  });

test('a crashed task is replaced at once, and the replacement knows its line', (t) => {
  const stopped = crashed(2_000, 0);
  const { create } = reconcileService(situation(aService({ desiredCount: 1, state: steady }), [stopped]));
  t.deepEqual(
    create.map(({ spec }) => spec.replaces),
    [{ taskId: stopped.id, earlyStops: 1 }],
  );
});

test('the second early stop in a row waits a second, and an event tells it once', (t) => {
  const first = reconcileService(situation(aService({ desiredCount: 1, state: steady }), [crashed(2_000, 1)]));
  t.is(first.create.length, 0);
  t.is(first.lookAgainAt, now + 500);
  t.regex(
    messages(first)[0] ?? '',
    /delays the replacement of 1 task\(s\) by up to 1 s: 2 tasks in a row stopped within 10 s.*exit code 1/,
  );
});

test('a delay is told once for each stop', (t) => {
  const stopped = crashed(2_000, 3);
  const first = reconcileService(situation(aService({ desiredCount: 1, state: steady }), [stopped]));
  const second = reconcileService(situation(aService({ desiredCount: 1, state: first.state }), [stopped], { now: now + 100 }));
  t.is(messages(second).length, messages(first).length);
});

test('a task that lived ten seconds ends its line of early stops', (t) => {
  const { create } = reconcileService(situation(aService({ desiredCount: 1, state: steady }), [crashed(10_000, 5)]));
  t.is(create[0]?.spec.replaces?.earlyStops, 0);
});

test('a new deployment forgets the delays of the one before', (t) => {
  const service = aService({ desiredCount: 1, deploymentId: 'ecs-svc/2', state: steady });
  t.is(reconcileService(situation(service, [crashed(1_000, 6)])).create.length, 1);
});

test('a task stopped by a user is replaced at once, however short it lived', (t) => {
  const stopped = aTask({
    status: 'STOPPED',
    desire: { desiredStatus: 'STOPPED', stopCode: 'UserInitiated' },
    observed: { startedAt: now - 1_500, stoppedAt: now - 500 },
    spec: { replaces: { taskId: 'x', earlyStops: 4 } },
  });
  t.is(reconcileService(situation(aService({ desiredCount: 1 }), [stopped])).create.length, 1);
});

test('tasks that never ran wait longer and longer, and the event names the reason', (t) => {
  const failed = aTask({
    status: 'STOPPED',
    stopCode: 'TaskFailedToStart',
    observed: { startedAt: undefined, stoppedAt: now - 1_000, stoppedReason: 'Task failed to start', containers: [] },
    spec: { replaces: { taskId: 'x', earlyStops: 9 } },
  });
  const changes = reconcileService(situation(aService({ desiredCount: 1, state: steady }), [failed]));
  t.is(changes.lookAgainAt, now - 1_000 + 256_000);
  t.regex(messages(changes)[0] ?? '', /unable to consistently start tasks successfully.*Task failed to start/);
  t.is(changes.state.deployments[0]?.failedTasks, 1);
});

test('why no place was found is told in the service’s events, in the refusal’s words', (t) => {
  const refusal = { at: now - 10, because: 'no container instance met all of its requirements.' };
  const unplaced = aTask({ status: 'PROVISIONING', instance: null });
  const { state } = reconcileService(situation(aService({ desiredCount: 1, refusal }), [unplaced]));
  t.is(
    messages({ state })[0],
    '(service web) was unable to place a task because no container instance met all of its requirements.',
  );
  const again = reconcileService(
    situation(aService({ desiredCount: 1, refusal: { ...refusal, at: now }, state }), [unplaced], { now: now + 60_000 }),
  );
  t.is(messages(again).length, messages({ state }).length);
});

test('a deleted service stops everything and is INACTIVE once all have stopped', (t) => {
  const first = reconcileService(situation(aService({ desiredCount: 2, status: 'DRAINING' }), tasks(2)));
  t.deepEqual([first.stop.length, first.status], [2, undefined]);
  const last = reconcileService(situation(aService({ desiredCount: 2, status: 'DRAINING' }), tasks(2, { status: 'STOPPED' })));
  t.deepEqual([last.stop.length, last.status], [0, 'INACTIVE']);
});

test('a deleted service does not wait for a lost host: its tasks there stop when it returns', (t) => {
  const instances = new Map([['i1', { connected: false, status: 'ACTIVE' as const, zone: 'a' }]]);
  const { stop, status } = reconcileService(situation(aService({ status: 'DRAINING' }), tasks(1), { instances }));
  t.deepEqual([stop.length, status], [1, 'INACTIVE']);
});
