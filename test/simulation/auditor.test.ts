import test from 'ava';
import { taskStatusRank, type TaskStatus } from '@mini-ecs/shared';
import type { Fields } from '../../packages/controller/src/store/store.ts';
import { Auditor } from './auditor.ts';
import { Dice } from './dice.ts';
import { RunRecord } from './record.ts';
import { VirtualTime } from './virtual-time.ts';

const aTask = (lastStatus: TaskStatus, more: Fields = {}): Fields => ({
  instance: 'i1',
  lastStatus,
  desiredStatus: 'RUNNING',
  rank: String(taskStatusRank(lastStatus)),
  observed: '{}',
  ...more,
});

/** What is violated when the agent reports `after` of a task that was `before`. */
function violationOf(before: Fields, after: Fields): string | undefined {
  const record = new RunRecord({ time: new VirtualTime(0, new Dice(1)) });
  const auditor = new Auditor(record);
  const instance = { kind: 'instance', id: 'i1', fields: { status: 'ACTIVE', connected: '1' } } as const;
  auditor.applied({ name: 'openSession' }, [instance, { kind: 'task', id: 't1', fields: before }], 2, new Map());
  auditor.applied({ name: 'reportStatus' }, [{ kind: 'task', id: 't1', fields: after }], 3, new Map());
  return record.violation;
}

test('an agent that ends a task that is to run, and tells no reason of its own, is a violation', (t) => {
  const observed = JSON.stringify({ stopCode: 'EssentialContainerExited' });
  t.is(violationOf(aTask('PENDING'), aTask('RUNNING')), undefined);
  t.regex(violationOf(aTask('RUNNING'), aTask('STOPPED')) ?? '', /^wanted: task t1 is to run/);
  t.regex(violationOf(aTask('RUNNING'), aTask('STOPPING')) ?? '', /^wanted: /);
  t.is(violationOf(aTask('RUNNING'), aTask('STOPPED', { observed })), undefined);
  t.is(violationOf(aTask('RUNNING', { desiredStatus: 'STOPPED' }), aTask('STOPPED', { desiredStatus: 'STOPPED' })), undefined);
});
