/**
 * Placement strategies as levels: the first decides, the next decides among those that the first holds equal, and so on.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-strategies.html
 * Where the strategy ends, the instance with the fewest tasks of all groups is taken, and among those one by lot: so ties spread.
 */
import type { PlacementStrategy } from '@aws-sdk/client-ecs';
import type { SeededRandom } from './seeded-random.ts';
import type { WorkingInstance } from './working-cluster.ts';

export type Level =
  /** Tasks of the group on all usable instances with the same value of the attribute. */
  | { kind: 'spreadOverAttribute'; attribute: string }
  /** Tasks of the group on the instance. */
  | { kind: 'spreadOverInstances' }
  /** What the instance has left: the task leaves the least where the least is. */
  | { kind: 'binpack'; resource: 'cpu' | 'memory' }
  | { kind: 'random' }
  | { kind: 'fewestTasks' }
  | { kind: 'lot' };

const tieBreakers: readonly Level[] = [{ kind: 'fewestTasks' }, { kind: 'lot' }];

/** ECS spreads a service over zones; that its tasks spread over a zone's instances as well is mini-ecs's addition. */
const serviceDefault: readonly Level[] = [
  { kind: 'spreadOverAttribute', attribute: 'ecs.availability-zone' },
  { kind: 'spreadOverInstances' },
];
/** RunTask without a strategy. */
const standaloneDefault: readonly Level[] = [{ kind: 'random' }];

export function levelsOf(strategy: readonly PlacementStrategy[], isServiceTask: boolean): readonly Level[] {
  const given = strategy.flatMap(levelOf);
  const chain = given.length > 0 ? given : isServiceTask ? serviceDefault : standaloneDefault;
  return [...chain, ...tieBreakers];
}

function levelOf({ type, field = '' }: PlacementStrategy): Level[] {
  switch (type) {
    case 'spread':
      if (/^(instanceid|host)$/i.test(field)) return [{ kind: 'spreadOverInstances' }];
      return [{ kind: 'spreadOverAttribute', attribute: field.replace(/^attribute:/, '') }];
    case 'binpack':
      return [{ kind: 'binpack', resource: field.toLowerCase() === 'cpu' ? 'cpu' : 'memory' }];
    case 'random':
      return [{ kind: 'random' }];
    case undefined:
      return [];
  }
}

/** The instance's standing at a level, lower first. What changes only by the candidate's own placements is left as `before` had it. */
export function keyAt(level: Level, instance: WorkingInstance, group: string, before: number): number {
  switch (level.kind) {
    case 'spreadOverAttribute':
      return 0; // equal within a bucket; among buckets their tallies decide
    case 'spreadOverInstances':
      return instance.tasksByGroup.get(group) ?? 0;
    case 'binpack':
      return instance[level.resource];
    case 'fewestTasks':
      return instance.tasks;
    case 'random':
    case 'lot':
      return before;
  }
}

/**
 * Random choice as a race: each instance's next turn comes after a wait of its own, exponentially distributed, and the earliest
 * is chosen. As such waits have no memory, every choice is uniform among the instances, whoever was chosen before.
 */
export function keyAtStart(level: Level, random: SeededRandom): number {
  if (level.kind === 'random') return random.nextWait();
  return level.kind === 'lot' ? random.next() : 0;
}

export const keyAfterTurn = (level: Level, key: number, random: SeededRandom): number =>
  level.kind === 'random' ? key + random.nextWait() : key;
