/** What happens to an instance and to all that counts on it (commands/includes/instances.lua). */
import type { ChangeSet } from './change-set.ts';

/** Ends what a deregistered instance had: its lease, the right of its session to write, and what its certificates are good for. */
export function deactivateInstance(changes: ChangeSet, instance: string, now: number): void {
  const { partition } = changes;
  Object.assign(changes.edit('instance', instance), {
    status: 'INACTIVE',
    session: '',
    connected: '0',
    disconnectedAt: String(now),
  });
  partition.leases.delete(instance);
  partition.inactiveInstances.set(instance, now);
  partition.counts.instances -= 1;
  if (partition.record('enrolment', instance)) changes.edit('enrolment', instance)['revokedAt'] = String(now);
}

/** Removes an instance and all that the indexes hold of it. */
export function forgetInstance(changes: ChangeSet, instance: string): void {
  const { partition } = changes;
  if (partition.record('instance', instance)?.['status'] !== 'INACTIVE') partition.counts.instances -= 1;
  partition.instanceTasks.delete(instance);
  partition.leases.delete(instance);
  partition.inactiveInstances.delete(instance);
  changes.remove('instance', instance);
  if (partition.record('enrolment', instance)) changes.remove('enrolment', instance);
}

/** The services of the tasks on it that have not STOPPED look again. */
export function hintServicesOn(changes: ChangeSet, instance: string): void {
  for (const service of changes.partition.tasksOn(instance).values()) changes.hintService(service);
}
