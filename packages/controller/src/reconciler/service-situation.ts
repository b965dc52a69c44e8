/** What a reconciliation is decided on, and what it decides. */
import type { Service, ServiceState } from '../domain/service.ts';
import type { Tags } from '../domain/tag.ts';
import type { TaskDefinition } from '../domain/task-definition.ts';
import type { Task, TaskDesire, TaskSpec } from '../domain/task.ts';

export interface ServiceSituation {
  service: Service;
  /** Every task of the service, STOPPED ones included until they are reaped. */
  tasks: readonly Task[];
  /** The instances that those tasks are bound to. */
  instances: ReadonlyMap<string, { connected: boolean; status: 'ACTIVE' | 'DRAINING' | 'INACTIVE'; zone: string }>;
  /** The task definitions named by the spec and by its tasks, by `family:revision`. */
  taskDefinitions: ReadonlyMap<string, TaskDefinition>;
  /** ms since the epoch */
  now: number;
  /** Fresh ids: 32 hex digits for tasks, uuids for events. */
  newTaskId: () => string;
  newEventId: () => string;
}

export interface ServiceChanges {
  /** The `state` to write; the same reference as the service's own when nothing of it changed. */
  state: ServiceState;
  status?: 'INACTIVE';
  create: { id: string; spec: TaskSpec; tags: Tags }[];
  stop: { task: Task; desire: TaskDesire }[];
  /** ms since the epoch: look again then even if nothing changes (a delayed replacement is due). */
  lookAgainAt?: number;
}
