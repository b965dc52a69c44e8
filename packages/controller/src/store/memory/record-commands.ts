/** put, remove, registerTaskDefinition, deleteCluster: twins of the Lua commands of the same names. */
import type { Expectation, Fields, PutRecord, PutResult, RecordKind, Store, Written } from '../store.ts';
import { ChangeSet, raise } from './change-set.ts';
import { deactivateInstance, forgetInstance } from './instance-index.ts';
import type { MemoryPartition } from './partition.ts';
import { forgetTask } from './task-index.ts';

function holds(expect: Expectation, current: Fields | undefined): boolean {
  if (expect === 'absent') return current === undefined;
  if (expect === 'any') return true;
  return current !== undefined && Object.entries(expect).every(([field, value]) => (current[field] ?? '') === (value ?? ''));
}

export function put(partition: MemoryPartition, command: PutRecord, now: number): PutResult {
  const { kind, id, expect, set, raise: raised = [], unset = [], hints = [] } = command;
  const current = partition.record(kind, id);
  const wasLive = current !== undefined && current['status'] !== 'INACTIVE';
  const isLive = (set['status'] ?? current?.['status']) !== 'INACTIVE';
  if (!holds(expect, current) || !isAllowed(partition, kind, current, isLive && !wasLive)) return { ok: false, actual: current };

  const changes = new ChangeSet(partition);
  const fields = changes.edit(kind, id);
  for (const field of raised) raise(fields, field);
  Object.assign(fields, set);
  for (const field of unset) delete fields[field];
  if (kind === 'service' && isLive !== wasLive) {
    partition.counts.services += isLive ? 1 : -1;
  } else if (kind === 'instance' && wasLive && !isLive) {
    deactivateInstance(changes, id, now);
  } else if (kind === 'instance' && isLive && !wasLive) {
    partition.counts.instances += 1;
    partition.inactiveInstances.delete(id);
  }
  for (const hint of hints) changes.hint(hint);
  return changes.publish();
}

function isAllowed(partition: MemoryPartition, kind: RecordKind, current: Fields | undefined, becomesLive: boolean): boolean {
  if (kind === 'task' || kind === 'instance') return current !== undefined;
  if (kind === 'service' && becomesLive) return partition.record('cluster', partition.name)?.['status'] !== 'INACTIVE';
  return true;
}

export function remove(partition: MemoryPartition, kind: RecordKind, id: string, expect: Expectation): PutResult {
  const current = partition.record(kind, id);
  const hasTasks = kind === 'instance' && (partition.instanceTasks.get(id)?.size ?? 0) > 0;
  if (!holds(expect, current) || hasTasks) return { ok: false, actual: current };
  const changes = new ChangeSet(partition);
  if (current === undefined) return changes.publish();
  if (kind === 'task') forgetTask(changes, id);
  else if (kind === 'instance') forgetInstance(changes, id);
  else {
    if (kind === 'service' && current['status'] !== 'INACTIVE') partition.counts.services -= 1;
    changes.remove(kind, id);
  }
  return changes.publish();
}

export function registerTaskDefinition(
  partition: MemoryPartition,
  { family, fields }: { family: string; fields: Fields },
): { revision: number; seq: number } {
  const revision = (partition.revisions.get(family) ?? 0) + 1;
  partition.revisions.set(family, revision);
  const changes = new ChangeSet(partition);
  Object.assign(changes.edit('task-definition', `${family}:${revision}`), fields);
  return { revision, seq: changes.publish().seq };
}

export function deleteCluster(partition: MemoryPartition): Awaited<ReturnType<Store['deleteCluster']>> {
  const cluster = partition.record('cluster', partition.name);
  if (!cluster) return { ok: false, reason: 'NOT_FOUND' };
  const changes = new ChangeSet(partition);
  if (partition.clusterIsActive()) {
    if (partition.counts.instances > 0) return { ok: false, reason: 'INSTANCES' };
    if (partition.counts.services > 0) return { ok: false, reason: 'SERVICES' };
    if (partition.counts.tasks > 0) return { ok: false, reason: 'TASKS' };
    changes.edit('cluster', partition.name)['status'] = 'INACTIVE';
  }
  removeAll(changes, 'join-token', () => false);
  removeAll(changes, 'enrolment', (instance) => partition.record('instance', instance) !== undefined);
  return changes.publish() satisfies Written;
}

function removeAll(changes: ChangeSet, kind: RecordKind, isKept: (id: string) => boolean): void {
  for (const id of [...changes.partition.recordsOf(kind).keys()].sort()) if (!isKept(id)) changes.remove(kind, id);
}
