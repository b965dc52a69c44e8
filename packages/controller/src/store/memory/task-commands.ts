/** createTasks, stopTasks, commitService, reap, abandonTasks: twins of the Lua commands of the same names. */
import { oneDayMs } from '../store-limits.ts';
import type {
  AbandonResult,
  AbandonTasks,
  CommitService,
  CommitServiceResult,
  CreateTasks,
  CreateTasksResult,
  Fields,
  StopTask,
  Written,
} from '../store.ts';
import { ChangeSet, raise } from './change-set.ts';
import { deactivateInstance, forgetInstance } from './instance-index.ts';
import type { MemoryPartition } from './partition.ts';
import { createTask, endTask, forgetTask, stopTask } from './task-index.ts';

export function createTasks(partition: MemoryPartition, { tasks, token }: CreateTasks, now: number): CreateTasksResult {
  const used = token && partition.tokens.get(token.token);
  if (used && used.until > now) {
    if (used.requestHash !== token.requestHash) return { ok: false, reason: 'TOKEN_CONFLICT', taskIds: used.taskIds };
    return { ok: false, reason: 'REPEATED', taskIds: used.taskIds, requestId: used.requestId };
  }
  if (!partition.clusterIsActive()) return { ok: false, reason: 'CLUSTER_NOT_ACTIVE' };
  const changes = new ChangeSet(partition);
  for (const task of tasks) createTask(changes, task);
  const taskIds = tasks.map(({ id }) => id);
  if (token) {
    const { requestHash, requestId } = token;
    partition.tokens.set(token.token, { requestHash, requestId, taskIds, until: now + oneDayMs });
  }
  return { ...changes.publish(), taskIds, ...(token ? { requestId: token.requestId } : {}) };
}

export function stopTasks(
  partition: MemoryPartition,
  command: { tasks: StopTask[]; now: number },
): Written & { found: boolean[] } {
  const changes = new ChangeSet(partition);
  const found = command.tasks.map((task) => {
    const outcome = stopTask(changes, task, command.now);
    if (outcome === 'STOPPING' || outcome === 'STOPPED') changes.hintService(partition.record('task', task.id)?.['service']);
    return outcome !== 'UNKNOWN';
  });
  return { ...changes.publish(), found };
}

export function commitService(partition: MemoryPartition, command: CommitService & { now: number }): CommitServiceResult {
  const { service, expect, state, status, create, stop, now } = command;
  const current = partition.record('service', service);
  if (!current) return { ok: false, reason: 'NOT_FOUND' };
  const versions = ['specVersion', 'tasksVersion', 'stateVersion'] as const;
  const isAsSeen = versions.every((version) => Number(current[version] ?? 0) === expect[version]);
  const isPlaced = (id: string): boolean => !!partition.record('task', id)?.['instance'];
  if (!isAsSeen || expect.unplaced?.some(isPlaced)) return { ok: false, reason: 'STALE' };

  const changes = new ChangeSet(partition);
  for (const task of create) createTask(changes, task);
  for (const task of stop) if (stopTask(changes, task, now) === 'STOPPED') changes.hintService(service);
  if (current['state'] !== state) {
    const fields = changes.edit('service', service);
    fields['state'] = state;
    raise(fields, 'stateVersion');
  }
  if (status && status !== current['status']) {
    const fields = changes.edit('service', service);
    fields['status'] = status;
    raise(fields, 'specVersion');
    partition.counts.services -= 1;
  }
  return changes.publish();
}

/** The ids whose moment is before `before`, the oldest first, at most `limit`. */
function older(index: ReadonlyMap<string, number>, before: number, limit: number): string[] {
  return [...index]
    .filter(([, at]) => at < before)
    .sort(([idA, a], [idB, b]) => a - b || (idA < idB ? -1 : 1))
    .slice(0, limit)
    .map(([id]) => id);
}

export function reap(
  partition: MemoryPartition,
  { before, limit }: { before: number; limit: number },
): Written & { tasks: string[]; instances: string[] } {
  const tasks = older(partition.stoppedTasks, before, limit);
  const instances = older(partition.inactiveInstances, before, limit);
  const changes = new ChangeSet(partition);
  for (const id of tasks) forgetTask(changes, id);
  for (const id of instances) forgetInstance(changes, id);
  return { ...changes.publish(), tasks, instances };
}

const isAway = (instance: Fields, awayForMs: number, at: number): boolean =>
  instance['connected'] !== '1' && !!instance['disconnectedAt'] && at - Number(instance['disconnectedAt']) >= awayForMs;

/** `at`: the store's own time, which `disconnectedAt` was written by. */
export function abandonTasks(partition: MemoryPartition, command: AbandonTasks, at: number): AbandonResult {
  const { instance, tasks, now } = command;
  const current = partition.record('instance', instance);
  if (!current) return { ok: false, reason: 'UNKNOWN_INSTANCE' };
  const isDeregistered = 'instanceStatus' in command;
  if (!isDeregistered && !isAway(current, command.awayForMs, at)) return { ok: false, reason: 'NOT_AWAY' };
  const named = new Map(tasks.map(({ id, observed }) => [id, observed]));
  if (isDeregistered && [...partition.tasksOn(instance).keys()].some((id) => !named.has(id))) {
    return { ok: false, reason: 'TASKS_LEFT' };
  }
  const changes = new ChangeSet(partition);
  for (const [id, observed] of named) {
    const task = partition.record('task', id);
    if (task?.['instance'] !== instance || task['lastStatus'] === 'STOPPED') continue;
    endTask(changes, id, observed, now);
    changes.hintService(task['service']);
  }
  if (isDeregistered && current['status'] !== 'INACTIVE') deactivateInstance(changes, instance, now);
  return changes.publish();
}
