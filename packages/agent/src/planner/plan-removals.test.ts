import test from 'ava';
import { anAssignedTask } from '../../../../test/support/assigned-tasks.ts';
import { defaultPolicy } from '../domain/agent-policy.ts';
import type { TaskRecord } from '../domain/task-record.ts';
import { planRemovals } from './plan-removals.ts';
import { newTaskRecord } from './task-records.ts';

const hour = 60 * 60 * 1000;
const now = 100 * hour;

function stopped(id: string, age: number, more: Partial<TaskRecord> = {}): TaskRecord {
  const finishedAt = now - age;
  const observed = {
    id,
    name: id,
    labels: {},
    state: 'exited' as const,
    startedAt: 1,
    finishedAt,
    outOfMemory: false,
    error: '',
    health: 'UNKNOWN' as const,
    networkBindings: [],
  };
  return {
    ...newTaskRecord(id, 0),
    spec: anAssignedTask(id),
    containers: { app: { name: 'app', pulled: true, failedStops: 0, runtimeId: id, observed } },
    stoppedAt: now,
    acknowledged: true,
    ...more,
  };
}

test('stopped containers stay for three hours after their exit', (t) => {
  const removals = planRemovals([stopped('old', 3 * hour), stopped('young', hour)], now, defaultPolicy);
  t.deepEqual(removals, { discard: ['old'], wakeAt: now + 2 * hour });
});

test('five stopped tasks of a family are kept, the newest', (t) => {
  const others = [stopped('x', 10, { spec: anAssignedTask('x', { family: 'other' }) })];
  const seven = Array.from({ length: 7 }, (_, index) => stopped(`t${index}`, index * 1000));
  t.deepEqual(planRemovals([...others, ...seven], now, defaultPolicy).discard, ['t5', 't6']);
});

test('what the store has not acknowledged stays, what never had a container goes at once', (t) => {
  const records = [stopped('unheard', 9 * hour, { acknowledged: false }), stopped('empty', 0, { containers: {} })];
  t.deepEqual(planRemovals(records, now, defaultPolicy), { discard: ['empty'], wakeAt: undefined });
});
