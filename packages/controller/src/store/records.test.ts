import test from 'ava';
import { aTask } from '../../../../test/support/domain-builders.ts';
import { decodeTask, encodeNewTasks } from './records.ts';

const { spec } = aTask();
const aNew = (id: string, itsSpec = spec) => ({ id, spec: itsSpec, tags: {} });

test('tasks that were created together share one spec in memory, and are read as they were written', (t) => {
  const [a, b] = encodeNewTasks([aNew('a'), aNew('b', { ...spec })]);
  const [taskA, taskB] = [decodeTask('default', 'a', a!.fields), decodeTask('default', 'b', { ...b!.fields })];
  t.deepEqual(taskA.spec, JSON.parse(JSON.stringify(spec)));
  t.is(taskA.spec, taskB.spec);
  t.is(a!.fields, b!.fields, 'and travel once');
});

test('a spec that differs in anything is another', (t) => {
  const [a] = encodeNewTasks([aNew('a')]);
  const [b] = encodeNewTasks([aNew('a'), aNew('b', { ...spec, createdAt: spec.createdAt + 1 })]).slice(1);
  t.not(decodeTask('default', 'a', a!.fields).spec, decodeTask('default', 'b', b!.fields).spec);
  t.is(decodeTask('default', 'b', b!.fields).spec.createdAt, spec.createdAt + 1);
});

test('a task that is not known cannot be read from what changed of it', (t) => {
  const { doc: _, ...changing } = encodeNewTasks([aNew('a')])[0]!.fields;
  t.throws(() => decodeTask('default', 'a', changing), { message: /not known.*no doc/ });
  const known = aTask();
  t.is(decodeTask('default', known.id, changing, known).spec, known.spec);
});
