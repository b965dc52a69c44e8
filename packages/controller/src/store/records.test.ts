import test from 'ava';
import { aTask } from '../../../../test/support/domain-builders.ts';
import { decodeTask, encodeNewTasks } from './records.ts';

const { spec } = aTask();

test('tasks that were created together share one spec in memory, and are read as they were written', (t) => {
  const [a, b] = encodeNewTasks(['a', 'b'], { spec, tags: {} });
  const [taskA, taskB] = [decodeTask('default', 'a', a!.fields), decodeTask('default', 'b', { ...b!.fields })];
  t.deepEqual(taskA.spec, JSON.parse(JSON.stringify(spec)));
  t.is(taskA.spec, taskB.spec);
});

test('a spec that differs in anything is another', (t) => {
  const [a] = encodeNewTasks(['a'], { spec, tags: {} });
  const [b] = encodeNewTasks(['b'], { spec: { ...spec, createdAt: spec.createdAt + 1 }, tags: {} });
  t.not(decodeTask('default', 'a', a!.fields).spec, decodeTask('default', 'b', b!.fields).spec);
  t.is(decodeTask('default', 'b', b!.fields).spec.createdAt, spec.createdAt + 1);
});

test('a task that is not known cannot be read from what changed of it', (t) => {
  const { doc: _, ...changing } = encodeNewTasks(['a'], { spec, tags: {} })[0]!.fields;
  t.throws(() => decodeTask('default', 'a', changing), { message: /not known.*no doc/ });
  const known = aTask();
  t.is(decodeTask('default', known.id, changing, known).spec, known.spec);
});
