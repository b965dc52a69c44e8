/** How records come to be and change on the store's word. */
import type { AssignedTask, DesiredStatus } from '@mini-ecs/shared';
import { containerNameOf, taskIdOf } from '../domain/container-labels.ts';
import type { ObservedContainer } from '../domain/observed-container.ts';
import type { TaskRecord } from '../domain/task-record.ts';
import { newContainer, withObservation } from './apply-outcome.ts';

export const newTaskRecord = (id: string, now: number): TaskRecord => ({
  id,
  desiredStatus: 'RUNNING',
  acceptedAt: now,
  containers: {},
  volumes: [],
});

/** A task that the store assigns. The spec never changes, and what was to be stopped stays so. */
export function withAssignment(record: TaskRecord, desiredStatus: DesiredStatus, spec: AssignedTask | undefined): TaskRecord {
  const kept = record.spec ?? spec;
  const names = kept?.containers.map(({ name }) => name) ?? [];
  return {
    ...record,
    spec: kept,
    desiredStatus: record.desiredStatus === 'STOPPED' ? 'STOPPED' : desiredStatus,
    containers: { ...Object.fromEntries(names.map((name) => [name, newContainer(name)])), ...record.containers },
    // It asks again: it has forgotten, or never heard, that the task is STOPPED.
    acknowledged: false,
  };
}

/** A container found on the host joins its task's record. */
export function withFoundContainer(record: TaskRecord, observed: ObservedContainer): TaskRecord {
  const name = containerNameOf(observed.labels);
  if (name === undefined || taskIdOf(observed.labels) !== record.id) return record;
  const containers = { ...record.containers, [name]: record.containers[name] ?? newContainer(name) };
  return withObservation({ ...record, containers }, name, observed);
}
