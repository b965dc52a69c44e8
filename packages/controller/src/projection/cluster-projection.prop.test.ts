import { taskStatuses } from '@mini-ecs/shared';
import test from 'ava';
import fc from 'fast-check';
import { aTask } from '../../../../test/support/domain-builders.ts';
import type { Task } from '../domain/task.ts';
import type { Change, Fields } from '../store/store.ts';
import { ClusterProjection } from './cluster-projection.ts';
import type { InstanceLoad } from './projection.ts';

const fieldsOf = (task: Task): Fields => ({
  doc: JSON.stringify(task.spec),
  desired: JSON.stringify(task.desire),
  observed: JSON.stringify(task.observed),
  instance: task.instance ?? '',
});

const change: fc.Arbitrary<Change> = fc
  .record({
    id: fc.constantFrom('t1', 't2', 't3', 't4', 't5'),
    isGone: fc.boolean(),
    serviceName: fc.constantFrom('web', 'api'),
    instance: fc.constantFrom('i1', 'i2', null),
    status: fc.constantFrom(...taskStatuses),
    desiredStatus: fc.constantFrom('RUNNING' as const, 'STOPPED' as const),
  })
  .map(({ id, isGone, desiredStatus, ...rest }) => ({
    kind: 'task',
    id,
    fields: isGone ? undefined : fieldsOf(aTask({ id, desire: { desiredStatus }, ...rest })),
  }));

const ids = (tasks: Iterable<Task>): string[] => Array.from(tasks, ({ id }) => id).sort();

/** Counted the slow way. */
function loadOf(tasks: Task[], instance: string): InstanceLoad {
  const here = tasks.filter((task) => task.instance === instance && task.observed.lastStatus !== 'STOPPED');
  const tasksByGroup = new Map<string, number>();
  for (const { spec, desire } of here) {
    if (desire.desiredStatus === 'RUNNING') tasksByGroup.set(spec.group, (tasksByGroup.get(spec.group) ?? 0) + 1);
  }
  return { tasksByGroup, runningTasks: here.filter(({ observed }) => observed.lastStatus === 'RUNNING').length };
}

test('after any changes the indexes say what a walk over all tasks says', (t) => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
      const view = new ClusterProjection('default', (record, error) => t.fail(`${record.id}: ${String(error)}`));
      for (const [position, each] of changes.entries()) view.apply([each], position + 1);
      const all = [...view.tasks.values()];
      for (const service of ['web', 'api', 'none']) {
        t.deepEqual(ids(view.tasksOfService(service)), ids(all.filter(({ spec }) => spec.service?.name === service)));
      }
      for (const instance of ['i1', 'i2', 'none']) {
        t.deepEqual(ids(view.tasksOfInstance(instance)), ids(all.filter((task) => task.instance === instance)));
        t.deepEqual(plain(view.loadOf(instance)), plain(loadOf(all, instance)));
      }
      const waiting = all.filter(
        ({ instance, desire, observed }) => !instance && desire.desiredStatus === 'RUNNING' && observed.lastStatus !== 'STOPPED',
      );
      t.deepEqual(ids(view.unplacedTasks()), ids(waiting));
    }),
    { numRuns: 200 },
  );
});

const plain = ({ tasksByGroup, runningTasks }: InstanceLoad) => ({
  tasksByGroup: Object.fromEntries(tasksByGroup),
  runningTasks,
});
