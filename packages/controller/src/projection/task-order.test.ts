import test from 'ava';
import fc from 'fast-check';
import { aTask } from '../../../../test/support/domain-builders.ts';
import { TaskOrder } from './task-order.ts';

test('whatever comes and goes, the wanted tasks behind an id are the first of them, in order', (t) => {
  const id = fc.string({ unit: fc.constantFrom('a', 'b', '0', 'f'), minLength: 1, maxLength: 6 });
  const changes = fc.array(fc.record({ id, comes: fc.boolean() }));
  fc.assert(
    fc.property(changes, fc.option(id, { nil: undefined }), fc.integer({ min: 1, max: 5 }), (all, after, count) => {
      const order = new TaskOrder();
      const present = new Set<string>();
      for (const change of all) {
        if (change.comes) order.set(aTask({ id: change.id }));
        else order.delete(change.id);
        if (change.comes) present.add(change.id);
        else present.delete(change.id);
        // Reading in between must not fix an order that later changes.
        order.next(undefined, 1, () => true);
      }
      const expected = [...present].filter((each) => each !== 'ab' && (after === undefined || each > after)).sort();
      const found = order.next(after, count, (task) => task.id !== 'ab');
      t.deepEqual(
        found?.map((task) => task.id),
        expected.slice(0, count),
      );
    }),
  );
});

test('a filter that lets hardly anything through is better served by a pass over all', (t) => {
  const order = new TaskOrder();
  for (let i = 0; i < 1_000; i += 1) order.set(aTask({ id: String(i).padStart(8, '0') }));
  t.is(
    order.next(undefined, 5, (task) => task.id === '00000999'),
    undefined,
  );
  t.is(order.next(undefined, 5, () => true)?.length, 5);
});
