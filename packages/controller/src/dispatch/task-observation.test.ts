import type { ContainerStatusReceived, TaskStatusReceived } from '@mini-ecs/shared';
import test from 'ava';
import fc from 'fast-check';
import type { TaskObservation } from '../domain/task.ts';
import { taskObservation } from './task-observation.ts';

const now = 1_000_000;

const aContainer = (members: Partial<ContainerStatusReceived> = {}): ContainerStatusReceived => ({
  name: 'web',
  runtimeId: 'abc',
  lastStatus: 'RUNNING',
  reason: '',
  healthStatus: 'UNKNOWN',
  imageDigest: '',
  networkBindings: [],
  ...members,
});

const aStatus = (members: Partial<TaskStatusReceived> = {}): TaskStatusReceived => ({
  taskId: 't1',
  lastStatus: 'RUNNING',
  containers: [aContainer()],
  stopCode: '',
  stoppedReason: '',
  healthStatus: 'UNKNOWN',
  ...members,
});

const observe = (message: TaskStatusReceived, previous?: TaskObservation, at = now): TaskObservation => {
  const result = taskObservation(message, previous, at);
  if (!result.ok) throw new Error(result.reason);
  return result.observed;
};

const binding = { bindIp: '0.0.0.0', containerPort: 80, hostPort: 32768, protocol: 'tcp' };

test('ages become times by the moment of receipt', (t) => {
  const observed = observe(aStatus({ pullStartedAgeMs: 900, pullStoppedAgeMs: 500, startedAgeMs: 0 }));
  t.like(observed, { pullStartedAt: now - 900, pullStoppedAt: now - 500, startedAt: now, stoppedAt: undefined });
});

test('a time once observed does not move when the status is sent again', (t) => {
  const first = observe(aStatus({ startedAgeMs: 100 }));
  t.is(observe(aStatus({ startedAgeMs: 350 }), first, now + 200).startedAt, now - 100);
});

test('a stopped task has a time at which it stopped even if its agent does not know it', (t) => {
  t.is(observe(aStatus({ lastStatus: 'STOPPED' })).stoppedAt, now);
});

test('containers that the message leaves out stay as they were, in the order of the task', (t) => {
  const previous = observe(aStatus({ containers: [aContainer({ name: 'db' }), aContainer({ name: 'web' })] }));
  const observed = observe(aStatus({ containers: [aContainer({ name: 'web', lastStatus: 'STOPPED', exitCode: 3 })] }), previous);
  t.like(observed.containers[0], { name: 'db', lastStatus: 'RUNNING' });
  t.like(observed.containers[1], { name: 'web', lastStatus: 'STOPPED', exitCode: 3 });
});

test('a container that is no part of the task is left out', (t) => {
  const previous = observe(aStatus());
  t.is(observe(aStatus({ containers: [aContainer(), aContainer({ name: 'stranger' })] }), previous).containers.length, 1);
});

test('what was known of a container outlives its removal', (t) => {
  const previous = observe(aStatus({ containers: [aContainer({ networkBindings: [binding], imageDigest: 'sha256:1' })] }));
  const observed = observe(
    aStatus({ lastStatus: 'STOPPED', containers: [aContainer({ lastStatus: 'STOPPED', runtimeId: '' })] }),
    previous,
  );
  t.like(observed.containers[0], { runtimeId: 'abc', imageDigest: 'sha256:1', lastStatus: 'STOPPED' });
  t.deepEqual(observed.containers[0]?.networkBindings, [
    { bindIP: '0.0.0.0', containerPort: 80, hostPort: 32768, protocol: 'tcp' },
  ]);
});

test('a stop code of ECS is kept, another is not', (t) => {
  t.is(observe(aStatus({ stopCode: 'EssentialContainerExited' })).stopCode, 'EssentialContainerExited');
  t.is(observe(aStatus({ stopCode: 'Whim' })).stopCode, undefined);
  t.is(observe(aStatus({ stopCode: 'toString' })).stopCode, undefined);
});

test('a status that ECS does not have is refused', (t) => {
  t.false(taskObservation(aStatus({ lastStatus: 'DANCING' }), undefined, now).ok);
  t.false(taskObservation(aStatus({ lastStatus: '' }), undefined, now).ok);
  t.false(taskObservation(aStatus({ containers: [aContainer({ lastStatus: 'DANCING' })] }), undefined, now).ok);
});

test('taking in a status twice is taking it in once, also after a round through JSON', (t) => {
  const age = fc.option(fc.nat(10_000), { nil: undefined });
  const arbitraryStatus = fc
    .record({
      lastStatus: fc.constantFrom('PENDING', 'RUNNING', 'STOPPED'),
      startedAgeMs: age,
      pullStartedAgeMs: age,
      stoppedAgeMs: age,
      stopCode: fc.constantFrom('', 'EssentialContainerExited', 'odd'),
      stoppedReason: fc.constantFrom('', 'Essential container in task exited'),
      healthStatus: fc.constantFrom('', 'HEALTHY', 'odd'),
      containers: fc.array(
        fc
          .record({
            name: fc.constantFrom('web', 'db'),
            lastStatus: fc.constantFrom('PENDING', 'RUNNING', 'STOPPED'),
            exitCode: fc.option(fc.nat(255), { nil: undefined }),
            networkBindings: fc.subarray([binding]),
          })
          .map((members) => aContainer(members)),
        { maxLength: 3 },
      ),
    })
    .map((members) => aStatus(members));
  fc.assert(
    fc.property(arbitraryStatus, fc.nat(5_000), (status, later) => {
      const once = JSON.stringify(observe(status));
      const twice = JSON.stringify(observe(status, JSON.parse(once) as TaskObservation, now + later));
      t.is(twice, once);
    }),
    { numRuns: 200 },
  );
});
