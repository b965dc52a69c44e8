/** What the scheduler sees of a cluster: its instances with what they carry, and the tasks that wait for a place. */
import { attributesOf, type Attributes, type ContainerInstance } from '../domain/container-instance.ts';
import type { Task } from '../domain/task.ts';
import type { ClusterView } from '../projection/projection.ts';
import type { InstanceSnapshot, TaskToPlace } from '../scheduler/placement.ts';

/** Instances are replaced when they change, so what derives from one is derived once. */
const attributes = new WeakMap<ContainerInstance, Attributes>();

function cachedAttributes(instance: ContainerInstance): Attributes {
  const known = attributes.get(instance);
  if (known) return known;
  const derived = attributesOf(instance);
  attributes.set(instance, derived);
  return derived;
}

export function instanceSnapshots(view: ClusterView): InstanceSnapshot[] {
  return Array.from(view.instances.values(), (instance) => {
    const load = view.loadOf(instance.id);
    return {
      id: instance.id,
      status: instance.status,
      connected: instance.connected,
      free: instance.free,
      attributes: cachedAttributes(instance),
      tasksByGroup: load.tasksByGroup,
      runningTasks: load.runningTasks,
      agentVersion: instance.registration.agentVersion,
      ec2InstanceId: instance.registration.hostname,
      registeredAt: instance.registration.registeredAt,
    };
  });
}

export const taskToPlace = ({ id, spec }: Task): TaskToPlace => ({
  id,
  group: spec.group,
  taskDefinition: spec.taskDefinition,
  resources: spec.resources,
  constraints: spec.placementConstraints,
  strategy: spec.placementStrategy,
  isServiceTask: spec.service !== undefined,
  ...(spec.containerInstance === undefined ? {} : { containerInstance: spec.containerInstance }),
});

/**
 * Those that somebody waits for (RunTask, StartTask) first, then group by group: the one whose first task has waited longest, and
 * within it the oldest. Tasks of one group share a look at all instances; taken in turns, each would need one of its own.
 */
export function inPlacementOrder(tasks: readonly Task[]): Task[] {
  const groupOf = ({ spec }: Task): string => `${spec.request ? 0 : 1} ${spec.group}`;
  const waitsSince = new Map<string, number>();
  for (const task of tasks) {
    const group = groupOf(task);
    waitsSince.set(group, Math.min(waitsSince.get(group) ?? Infinity, task.spec.createdAt));
  }
  return tasks
    .map((task) => ({ task, rank: task.spec.request ? 0 : 1, group: groupOf(task) }))
    .sort(
      (a, b) =>
        a.rank - b.rank ||
        (waitsSince.get(a.group) ?? 0) - (waitsSince.get(b.group) ?? 0) ||
        (a.group < b.group ? -1 : a.group > b.group ? 1 : a.task.spec.createdAt - b.task.spec.createdAt),
    )
    .map(({ task }) => task);
}
