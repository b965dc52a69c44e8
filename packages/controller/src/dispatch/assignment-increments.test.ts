import test from 'ava';
import { aTask } from '../../../../test/support/domain-builders.ts';
import type { Task } from '../domain/task.ts';
import {
  fullSet,
  nextIncrement,
  nothingTold,
  tellFullSet,
  tellIncrement,
  type ToldAssignments,
} from './assignment-increments.ts';

const specOf = (task: Task): Uint8Array => Buffer.from(task.id);

const afterFullSet = (tasks: Task[]): ToldAssignments => {
  const told = nothingTold();
  tellFullSet(told, fullSet(told, { instance: 'i1', tasks, specOf }).set);
  return told;
};

const increment = (told: ToldAssignments, tasks: Task[], touched: string[] = tasks.map(({ id }) => id)) =>
  nextIncrement(told, touched, { instance: 'i1', taskOf: (id) => tasks.find((task) => task.id === id), specOf });

test('the first full set holds every task of the instance that has not stopped, wanted or not', (t) => {
  const wanted = aTask({ id: 'wanted', status: 'PROVISIONING' });
  const stopping = aTask({ id: 'stopping', desire: { desiredStatus: 'STOPPED' } });
  const tasks = [wanted, stopping, aTask({ status: 'STOPPED' }), aTask({ instance: 'i2' }), aTask({ instance: null })];
  const { set } = fullSet(nothingTold(), { instance: 'i1', tasks, specOf });
  t.deepEqual(set, {
    version: 1,
    assignments: [
      { taskId: 'wanted', desiredStatus: 'RUNNING', spec: Buffer.from('wanted') },
      { taskId: 'stopping', desiredStatus: 'STOPPED', spec: Buffer.from('stopping') },
    ],
  });
});

test('a new task goes with its spec, a changed desired status without', (t) => {
  const told = afterFullSet([aTask({ id: 'known' })]);
  const now = [aTask({ id: 'known', desire: { desiredStatus: 'STOPPED' } }), aTask({ id: 'new' })];
  const { increment: told2 } = increment(told, now);
  t.deepEqual(told2, {
    appliesTo: 1,
    version: 2,
    changed: [
      { taskId: 'known', desiredStatus: 'STOPPED', spec: new Uint8Array(0) },
      { taskId: 'new', desiredStatus: 'RUNNING', spec: Buffer.from('new') },
    ],
    removed: [],
  });
});

test('a task that stopped or is gone is removed once', (t) => {
  const told = afterFullSet([aTask({ id: 'stopped' }), aTask({ id: 'gone' })]);
  const now = [aTask({ id: 'stopped', status: 'STOPPED' })];
  const first = increment(told, now, ['stopped', 'gone']).increment;
  t.deepEqual(first?.removed, ['stopped', 'gone']);
  if (first) tellIncrement(told, first);
  t.is(increment(told, now, ['stopped', 'gone']).increment, undefined);
});

test('a change that the agent need not know makes no increment', (t) => {
  const told = afterFullSet([aTask({ id: 'known', status: 'PENDING' })]);
  t.is(increment(told, [aTask({ id: 'known', status: 'RUNNING' })]).increment, undefined);
});

test('a task that started and stopped between two increments is never mentioned', (t) => {
  t.deepEqual(increment(afterFullSet([]), [aTask({ status: 'STOPPED' })]), { increment: undefined, waiting: [] });
});

test('a task whose definition is not known yet waits and holds nothing else up', (t) => {
  const tasks = [aTask({ id: 'early' }), aTask({ id: 'ready' })];
  const { increment: made, waiting } = nextIncrement(afterFullSet([]), ['early', 'ready'], {
    instance: 'i1',
    taskOf: (id) => tasks.find((task) => task.id === id),
    specOf: (task) => (task.id === 'early' ? undefined : specOf(task)),
  });
  t.deepEqual(waiting, ['early']);
  t.deepEqual(
    made?.changed.map(({ taskId }) => taskId),
    ['ready'],
  );
});

test('a resync makes a full set with the next version', (t) => {
  const tasks = [aTask({ id: 'known' })];
  const told = afterFullSet(tasks);
  t.is(fullSet(told, { instance: 'i1', tasks, specOf }).set.version, 2);
});
