/**
 * What an agent is told of its assignments: a full set at the start of a session and after a resync, then
 * increments, each naming the version that it applies to. Assigned to an instance is every task bound to it that
 * has not STOPPED. An increment is computed from what the session was told and the tasks as they are now, never
 * from what happened in between: any number of changes make one increment, and one that was skipped is never missed.
 */
import type { DesiredStatus } from '@mini-ecs/shared';
import type { Task } from '../domain/task.ts';

/** As `Assignment` in proto/agent.proto. */
export interface TaskAssignment {
  taskId: string;
  desiredStatus: DesiredStatus;
  /** Empty where the session was told the task before: only its desired status changed. */
  spec: Uint8Array;
}

export interface FullSet {
  version: number;
  assignments: TaskAssignment[];
}

export interface Increment {
  appliesTo: number;
  version: number;
  changed: TaskAssignment[];
  removed: string[];
}

/** The agent's picture as this session made it. */
export interface ToldAssignments {
  /** 0: nothing was told yet. */
  version: number;
  desired: Map<string, DesiredStatus>;
}

/** The encoded AssignedTask; undefined: its task definition is not known yet. */
export type SpecOf = (task: Task) => Uint8Array | undefined;

const noSpec = new Uint8Array(0);

export const nothingTold = (): ToldAssignments => ({ version: 0, desired: new Map() });

export const isAssigned = (task: Task | undefined, instance: string): task is Task =>
  task !== undefined && task.instance === instance && task.observed.lastStatus !== 'STOPPED';

/** Everything assigned to the instance, as the version after the one told last. `waiting`: as for an increment. */
export function fullSet(
  told: ToldAssignments,
  { instance, tasks, specOf }: { instance: string; tasks: readonly Task[]; specOf: SpecOf },
): { set: FullSet; waiting: string[] } {
  const assignments: TaskAssignment[] = [];
  const waiting: string[] = [];
  for (const task of tasks) {
    if (!isAssigned(task, instance)) continue;
    const spec = specOf(task);
    if (spec) assignments.push({ taskId: task.id, desiredStatus: task.desire.desiredStatus, spec });
    else waiting.push(task.id);
  }
  return { set: { version: told.version + 1, assignments }, waiting };
}

/**
 * What must be told about the tasks `touched` so that the agent's picture of them is right. `increment` is undefined
 * when it already is; `waiting` are tasks left out because their spec is not known yet: touch them again later.
 */
export function nextIncrement(
  told: ToldAssignments,
  touched: Iterable<string>,
  { instance, taskOf, specOf }: { instance: string; taskOf: (id: string) => Task | undefined; specOf: SpecOf },
): { increment: Increment | undefined; waiting: string[] } {
  const changed: TaskAssignment[] = [];
  const removed: string[] = [];
  const waiting: string[] = [];
  for (const taskId of new Set(touched)) {
    const task = taskOf(taskId);
    const toldDesire = told.desired.get(taskId);
    if (!isAssigned(task, instance)) {
      if (toldDesire !== undefined) removed.push(taskId);
      continue;
    }
    const { desiredStatus } = task.desire;
    if (toldDesire === desiredStatus) continue;
    const spec = toldDesire === undefined ? specOf(task) : noSpec;
    if (spec) changed.push({ taskId, desiredStatus, spec });
    else waiting.push(taskId);
  }
  const isNothing = changed.length === 0 && removed.length === 0;
  const increment = isNothing ? undefined : { appliesTo: told.version, version: told.version + 1, changed, removed };
  return { increment, waiting };
}

export function tellFullSet(told: ToldAssignments, set: FullSet): void {
  told.version = set.version;
  told.desired = new Map(set.assignments.map(({ taskId, desiredStatus }) => [taskId, desiredStatus]));
}

/** In place: an instance may hold thousands of tasks, an increment mostly one. */
export function tellIncrement(told: ToldAssignments, increment: Increment): void {
  told.version = increment.version;
  for (const { taskId, desiredStatus } of increment.changed) told.desired.set(taskId, desiredStatus);
  for (const taskId of increment.removed) told.desired.delete(taskId);
}
