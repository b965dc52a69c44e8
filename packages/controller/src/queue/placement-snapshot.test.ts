import test from 'ava';
import { aTask } from '../../../../test/support/domain-builders.ts';
import { inPlacementOrder } from './placement-snapshot.ts';

const waiting = (id: string, group: string, createdAt: number, request?: { id: string; placeBy: number }) =>
  aTask({ id, spec: { ...aTask().spec, group, createdAt, request } });

const orderOf = (...tasks: ReturnType<typeof waiting>[]): string[] => inPlacementOrder(tasks).map(({ id }) => id);

test('tasks are placed group by group, first the one that has waited longest, within it the oldest task', (t) => {
  const order = orderOf(
    waiting('a3', 'service:a', 30),
    waiting('b2', 'service:b', 20),
    waiting('a1', 'service:a', 10),
    waiting('b4', 'service:b', 40),
    waiting('c1', 'service:c', 10),
  );
  t.deepEqual(order, ['a1', 'a3', 'c1', 'b2', 'b4']);
});

test('tasks that a caller waits for come before those of services, however old', (t) => {
  const request = { id: 'r', placeBy: 1_000 };
  t.deepEqual(orderOf(waiting('s', 'service:a', 10), waiting('r', 'family:x', 90, request)), ['r', 's']);
});
