import { taskStatuses } from '@mini-ecs/shared';
import test from 'ava';
import fc from 'fast-check';
import { aTask } from '../../../../test/support/domain-builders.ts';
import type { Task } from '../domain/task.ts';
import {
  fullSet,
  nextIncrement,
  nothingTold,
  tellFullSet,
  tellIncrement,
  type FullSet,
  type Increment,
} from './assignment-increments.ts';

/** What an agent makes of what it is told: it keeps the spec it got with a task's first assignment. */
class AgentsPicture {
  version = 0;
  tasks = new Map<string, { desiredStatus: string; spec: string }>();

  takeFullSet({ version, assignments }: FullSet): void {
    this.version = version;
    this.tasks = new Map(assignments.map(({ taskId, desiredStatus, spec }) => [taskId, { desiredStatus, spec: text(spec) }]));
  }

  takeIncrement({ appliesTo, version, changed, removed }: Increment): void {
    if (appliesTo !== this.version) throw new Error(`increment for ${appliesTo} at ${this.version}`);
    this.version = version;
    for (const { taskId, desiredStatus, spec } of changed) {
      this.tasks.set(taskId, { desiredStatus, spec: text(spec) || (this.tasks.get(taskId)?.spec ?? 'never told') });
    }
    for (const taskId of removed) {
      if (!this.tasks.delete(taskId)) throw new Error(`removed ${taskId}, never told`);
    }
  }
}

const text = (spec: Uint8Array): string => Buffer.from(spec).toString();
const specOf = (task: Task): Uint8Array => Buffer.from(`spec of ${task.id}`);

const taskIds = ['a', 'b', 'c', 'd'];
const arbitraryTask = (id: string): fc.Arbitrary<Task | undefined> =>
  fc.option(
    fc
      .record({
        status: fc.constantFrom(...taskStatuses),
        desiredStatus: fc.constantFrom('RUNNING' as const, 'STOPPED' as const),
        instance: fc.constantFrom('i1', 'i1', 'i1', 'i2', null),
      })
      .map(({ status, desiredStatus, instance }) => aTask({ id, status, instance, desire: { desiredStatus } })),
    { nil: undefined },
  );
const arbitraryTasks = fc.tuple(...taskIds.map(arbitraryTask)).map((tasks) => tasks.filter((task) => task !== undefined));

/** The world changes; then the session gets an increment, a resync, or nothing yet because its agent does not read. */
const arbitraryHistory = fc.array(
  fc.record({ tasks: arbitraryTasks, told: fc.constantFrom('increment', 'increment', 'resync', 'nothing') }),
  { maxLength: 12 },
);

test('after any history the increments applied are the full set', (t) => {
  fc.assert(
    fc.property(arbitraryTasks, arbitraryHistory, (first, history) => {
      const instance = 'i1';
      const told = nothingTold();
      const agent = new AgentsPicture();
      const sendFullSet = (tasks: readonly Task[]): void => {
        const { set } = fullSet(told, { instance, tasks, specOf });
        tellFullSet(told, set);
        agent.takeFullSet(set);
      };
      const sendIncrement = (tasks: readonly Task[]): void => {
        const taskOf = (id: string) => tasks.find((task) => task.id === id);
        const { increment } = nextIncrement(told, taskIds, { instance, taskOf, specOf });
        if (!increment) return;
        tellIncrement(told, increment);
        agent.takeIncrement(increment);
      };
      sendFullSet(first);
      let last = first;
      for (const { tasks, told: way } of history) {
        last = tasks;
        if (way === 'resync') sendFullSet(tasks);
        else if (way === 'increment') sendIncrement(tasks);
      }
      sendIncrement(last);
      const fresh = new AgentsPicture();
      fresh.takeFullSet(fullSet(nothingTold(), { instance, tasks: last, specOf }).set);
      t.deepEqual(Object.fromEntries(agent.tasks), Object.fromEntries(fresh.tasks));
      t.is(agent.version, told.version);
    }),
    { numRuns: 300 },
  );
});
