import test from 'ava';
import { aContainer, anAssignedTask } from '../../../../test/support/assigned-tasks.ts';
import type { ObservedContainer } from '../domain/observed-container.ts';
import type { TaskRecord } from '../domain/task-record.ts';
import { applyOutcome, withObservation } from './apply-outcome.ts';
import { phaseOf } from './container-phase.ts';
import { newTaskRecord, withAssignment } from './task-records.ts';

const now = 1_000_000;

const running: ObservedContainer = {
  id: 'id-app',
  name: 'ecs-web-1-app',
  labels: {},
  state: 'running',
  startedAt: now - 5_000,
  outOfMemory: false,
  error: '',
  health: 'UNKNOWN',
  networkBindings: [],
};

function aRunningTask(): TaskRecord {
  const spec = anAssignedTask('t', { containers: [aContainer({ name: 'app' })] });
  return withObservation(withAssignment(newTaskRecord('t', now), 'RUNNING', spec), 'app', running);
}

test('a container whose stop the engine could not do is still there, and is stopped again later', (t) => {
  const step = { name: 'stop', target: 'app', runtimeId: 'id-app', timeoutSeconds: 2 } as const;
  const record = applyOutcome(aRunningTask(), step, { result: 'failed', reason: 'did not receive an exit event' }, now);
  t.is(phaseOf(record.containers['app']!), 'running');
  t.is(record.containers['app']!.failedStops, 1);
  t.true(record.containers['app']!.stopAgainAt! > now);
});

test('a container that the engine does not know after its stop is gone', (t) => {
  const step = { name: 'stop', target: 'app', runtimeId: 'id-app', timeoutSeconds: 2 } as const;
  const record = applyOutcome(aRunningTask(), step, { result: 'done', observed: undefined }, now);
  t.is(phaseOf(record.containers['app']!), 'stopped');
});
