/**
 * Which tasks to stop so that those that stay are spread best: first tasks that serve nobody yet (no place, then not
 * RUNNING), then, one by one, a task of the fullest zone's fullest instance; of several the youngest.
 */
import { isRunning } from '@mini-ecs/shared';
import type { Task } from '../domain/task.ts';

/** Counts per zone and instance are taken from `staying` and from the candidates not chosen yet. */
export function chooseTasksToStop(
  candidates: readonly Task[],
  count: number,
  zoneOf: (instance: string) => string,
  staying: readonly Task[] = [],
): Task[] {
  if (count <= 0) return [];
  const idle = candidates.filter((task) => !isRunning(task.observed.lastStatus)).sort(byPlacement);
  const chosen = idle.slice(0, count);
  if (chosen.length === count) return chosen;

  const running = candidates.filter((task) => isRunning(task.observed.lastStatus));
  const spread = countByZone([...running, ...staying], zoneOf);
  const byInstance = Map.groupBy(running, instanceOf);
  for (const tasks of byInstance.values()) tasks.sort(oldestFirst);
  while (chosen.length < count && byInstance.size > 0) {
    const instance = fullestInstance(spread, byInstance, zoneOf);
    const tasks = byInstance.get(instance) ?? [];
    const task = tasks.pop();
    if (tasks.length === 0) byInstance.delete(instance);
    if (task) chosen.push(task);
    const zone = spread.get(zoneOf(instance));
    zone?.set(instance, (zone.get(instance) ?? 1) - 1);
  }
  return chosen;
}

const instanceOf = (task: Task): string => task.instance ?? '';
const oldestFirst = (a: Task, b: Task): number =>
  (a.observed.startedAt ?? 0) - (b.observed.startedAt ?? 0) || a.spec.createdAt - b.spec.createdAt || (a.id < b.id ? -1 : 1);
const byPlacement = (a: Task, b: Task): number =>
  Number(a.instance !== undefined) - Number(b.instance !== undefined) ||
  b.spec.createdAt - a.spec.createdAt ||
  (a.id < b.id ? -1 : 1);

type Spread = Map<string, Map<string, number>>;

function countByZone(tasks: readonly Task[], zoneOf: (instance: string) => string): Spread {
  const spread: Spread = new Map();
  for (const task of tasks) {
    const instance = instanceOf(task);
    const zone = zoneOf(instance);
    const instances = spread.get(zone) ?? new Map<string, number>();
    spread.set(zone, instances.set(instance, (instances.get(instance) ?? 0) + 1));
  }
  return spread;
}

/** Of the instances that have candidates, the one with most tasks in the zone with most tasks. */
function fullestInstance(spread: Spread, candidates: ReadonlyMap<string, Task[]>, zoneOf: (instance: string) => string): string {
  const zoneTotals = new Map([...spread].map(([zone, instances]) => [zone, [...instances.values()].reduce((a, b) => a + b, 0)]));
  const load = (instance: string): [number, number] => {
    const zone = zoneOf(instance);
    return [zoneTotals.get(zone) ?? 0, spread.get(zone)?.get(instance) ?? 0];
  };
  let fullest = '';
  let most: [number, number] = [-1, -1];
  for (const instance of candidates.keys()) {
    const [zoneTasks, tasks] = load(instance);
    if (zoneTasks > most[0] || (zoneTasks === most[0] && tasks > most[1])) {
      fullest = instance;
      most = [zoneTasks, tasks];
    }
  }
  return fullest;
}
