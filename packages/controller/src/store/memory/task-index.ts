/** What happens to a task and to all that counts on it (commands/includes/tasks.lua). */
import { decodePorts, encodePorts } from '@mini-ecs/shared';
import type { NewTask, StopTask } from '../store.ts';
import type { ChangeSet } from './change-set.ts';

/** A task whose id is taken stays as it is: creating twice creates once. */
export function createTask(changes: ChangeSet, { id, fields }: NewTask): void {
  if (changes.partition.record('task', id)) return;
  Object.assign(changes.edit('task', id), fields);
  changes.partition.counts.tasks += 1;
  changes.hintPlacement();
  changes.tasksOfServiceChanged(fields['service']);
}

/** Gives back what the task took of its instance. Ports that the instance reserves stay taken. */
function release(changes: ChangeSet, id: string, instanceId: string): void {
  const { partition } = changes;
  partition.tasksOn(instanceId).delete(id);
  const task = partition.record('task', id);
  if (!partition.record('instance', instanceId)) return;
  const instance = changes.edit('instance', instanceId);
  instance['cpu'] = String(Number(instance['cpu'] ?? 0) + Number(task?.['cpu'] ?? 0));
  instance['memory'] = String(Number(instance['memory'] ?? 0) + Number(task?.['memory'] ?? 0));
  if (task?.['ports']) {
    const reserved = new Set(decodePorts(instance['reservedPorts']));
    const given = new Set(decodePorts(task['ports']).filter((port) => !reserved.has(port)));
    instance['ports'] = encodePorts(decodePorts(instance['ports']).filter((port) => !given.has(port)));
  }
  changes.hintPlacement();
}

/** Writes the end of a task that had not STOPPED, bound to an instance or to none. */
export function endTask(changes: ChangeSet, id: string, observed: string, now: number): void {
  const task = changes.edit('task', id);
  Object.assign(task, { observed, lastStatus: 'STOPPED', rank: '7' });
  changes.partition.counts.tasks -= 1;
  changes.partition.stoppedTasks.set(id, now);
  if (task['instance']) release(changes, id, task['instance']);
}

export type StopOutcome = 'UNKNOWN' | 'UNCHANGED' | 'STOPPING' | 'STOPPED';

/** Asks for a task to stop; the first to ask gives the reason. One that was never placed ends at once (STOPPED). */
export function stopTask(changes: ChangeSet, { id, desired, observedIfUnplaced }: StopTask, now: number): StopOutcome {
  const known = changes.partition.record('task', id);
  if (!known) return 'UNKNOWN';
  if (known['desiredStatus'] === 'STOPPED' || known['lastStatus'] === 'STOPPED') return 'UNCHANGED';
  Object.assign(changes.edit('task', id), { desired, desiredStatus: 'STOPPED' });
  changes.tasksOfServiceChanged(known['service']);
  if (known['instance']) return 'STOPPING';
  endTask(changes, id, observedIfUnplaced, now);
  return 'STOPPED';
}

/** Removes a task and all that the indexes hold of it. */
export function forgetTask(changes: ChangeSet, id: string): void {
  const { partition } = changes;
  const task = partition.record('task', id);
  if (task?.['lastStatus'] !== 'STOPPED') {
    partition.counts.tasks -= 1;
    if (task?.['instance']) release(changes, id, task['instance']);
  }
  partition.stoppedTasks.delete(id);
  changes.remove('task', id);
}
