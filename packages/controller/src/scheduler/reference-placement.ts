/**
 * What the scheduler decides, said as plainly as possible, for its property tests: every task looks at every instance. It follows
 * a decision task by task and says where it strays from the rules; which of equal instances was taken is left to the decision.
 */
import { shortage } from '@mini-ecs/shared';
import type { InstanceSnapshot, PlacementCheck, PlacementDecision, TaskToPlace } from './placement.ts';
import { evaluate, parseExpression } from './query-language.ts';

const tasksOf = (instance: InstanceSnapshot, group: string): number => instance.tasksByGroup.get(group) ?? 0;

function firstFailure(task: TaskToPlace, instance: InstanceSnapshot): PlacementCheck | undefined {
  if (!instance.connected) return 'AGENT';
  if (instance.status !== 'ACTIVE') return instance.status;
  for (const { type, expression = '' } of task.constraints) {
    const parsed = parseExpression(expression);
    if (type === 'memberOf' && !(parsed.ok && evaluate(parsed.expression, instance))) return 'memberOf';
  }
  if (task.constraints.some(({ type }) => type === 'distinctInstance') && tasksOf(instance, task.group) > 0)
    return 'distinctInstance';
  return shortage(task.resources, instance.free);
}

/** The instance's standing by the strategy, up to where chance takes over; lower is better. */
function standing(task: TaskToPlace, instance: InstanceSnapshot, all: readonly InstanceSnapshot[]): number[] {
  const zones = { type: 'spread' as const, field: 'attribute:ecs.availability-zone' };
  const serviceDefault = [zones, { type: 'spread' as const, field: 'instanceId' }];
  const strategy = task.strategy.length > 0 ? task.strategy : task.isServiceTask ? serviceDefault : [{ type: 'random' as const }];
  const keys: number[] = [];
  let alike = all.filter(({ connected, status }) => connected && status === 'ACTIVE');
  for (const { type, field = '' } of strategy) {
    if (type === 'random') return keys;
    if (type === 'binpack') keys.push(field === 'cpu' ? instance.free.cpu : instance.free.memory);
    else if (field === 'instanceId') keys.push(tasksOf(instance, task.group));
    else {
      const name = field.replace('attribute:', '');
      alike = alike.filter(({ attributes }) => attributes[name] === instance.attributes[name]);
      keys.push(alike.reduce((sum, other) => sum + tasksOf(other, task.group), 0));
    }
  }
  return [...keys, [...instance.tasksByGroup.values()].reduce((sum, count) => sum + count, 0)];
}

function isWorse(a: readonly number[], b: readonly number[]): boolean {
  const differs = a.findIndex((key, level) => key !== b[level]);
  return differs !== -1 && (a[differs] ?? 0) > (b[differs] ?? 0);
}

function place(task: TaskToPlace, instance: InstanceSnapshot): InstanceSnapshot {
  return {
    ...instance,
    free: {
      cpu: instance.free.cpu - task.resources.cpu,
      memory: instance.free.memory - task.resources.memory,
      usedPorts: new Set([...instance.free.usedPorts, ...task.resources.ports]),
    },
    tasksByGroup: new Map(instance.tasksByGroup).set(task.group, tasksOf(instance, task.group) + 1),
    runningTasks: instance.runningTasks + 1,
  };
}

/** Every rule that the decision breaks, in words; empty: none. */
export function brokenRules(
  tasks: readonly TaskToPlace[],
  snapshots: readonly InstanceSnapshot[],
  { placements, refusals }: PlacementDecision,
): string[] {
  const broken: string[] = [];
  const instances = new Map(snapshots.map((snapshot) => [snapshot.id, snapshot]));
  const placeOf = new Map(placements.map(({ task, instance }) => [task, instance]));
  const refused = new Set(refusals.map(({ task }) => task));
  if (placeOf.size !== placements.length || refused.size !== refusals.length) broken.push('a task was decided twice');
  for (const task of tasks) {
    const all = [...instances.values()];
    const fitting = all.filter(
      (instance) => (task.containerInstance ?? instance.id) === instance.id && firstFailure(task, instance) === undefined,
    );
    const chosen = fitting.find(({ id }) => id === placeOf.get(task.id));
    if (placeOf.has(task.id) === refused.has(task.id)) broken.push(`${task.id} is neither placed nor refused, or both`);
    if (placeOf.has(task.id) && !chosen) broken.push(`${task.id} does not fit on ${placeOf.get(task.id)}`);
    if (refused.has(task.id) && fitting.length > 0) broken.push(`${task.id} was refused and fits on ${fitting[0]?.id}`);
    if (!chosen) continue;
    const better = fitting.find((other) => isWorse(standing(task, chosen, all), standing(task, other, all)));
    if (better) broken.push(`${task.id} went to ${chosen.id}, the strategy prefers ${better.id}`);
    instances.set(chosen.id, place(task, chosen));
  }
  return broken;
}
