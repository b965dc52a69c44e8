/**
 * The cluster as it becomes while tasks are placed: a copy of the snapshots that each placement is taken from, and the
 * journal of the placements so far, by which every candidate set catches up with what others placed.
 */
import type { Resources } from '@mini-ecs/shared';
import type { InstanceSnapshot } from './placement.ts';
import type { InstanceFacts } from './query-language.ts';

export interface WorkingInstance extends InstanceFacts {
  /** Its place in `WorkingCluster.instances`. */
  readonly index: number;
  readonly id: string;
  readonly status: InstanceSnapshot['status'];
  cpu: number;
  memory: number;
  usedPorts: ReadonlySet<string>;
  tasksByGroup: ReadonlyMap<string, number>;
  runningTasks: number;
  /** Tasks of all groups. */
  tasks: number;
}

export interface WorkingCluster {
  readonly instances: readonly WorkingInstance[];
  readonly byId: ReadonlyMap<string, WorkingInstance>;
  readonly usable: readonly WorkingInstance[];
  readonly journal: { instance: WorkingInstance; group: string }[];
}

function workingInstance(snapshot: InstanceSnapshot, index: number): WorkingInstance {
  let tasks = 0;
  for (const count of snapshot.tasksByGroup.values()) tasks += count;
  return {
    index,
    id: snapshot.id,
    status: snapshot.status,
    connected: snapshot.connected,
    attributes: snapshot.attributes,
    agentVersion: snapshot.agentVersion,
    ec2InstanceId: snapshot.ec2InstanceId,
    registeredAt: snapshot.registeredAt,
    cpu: snapshot.free.cpu,
    memory: snapshot.free.memory,
    usedPorts: snapshot.free.usedPorts,
    tasksByGroup: snapshot.tasksByGroup,
    runningTasks: snapshot.runningTasks,
    tasks,
  };
}

/** New tasks may go to it at all. */
export const isUsable = ({ connected, status }: WorkingInstance): boolean => connected && status === 'ACTIVE';

export function workingCluster(snapshots: readonly InstanceSnapshot[]): WorkingCluster {
  const instances = snapshots.map(workingInstance);
  return {
    instances,
    byId: new Map(instances.map((instance) => [instance.id, instance])),
    usable: instances.filter(isUsable),
    journal: [],
  };
}

/** Takes the task's share of the instance. The snapshot's own sets and maps are replaced, never written to. */
export function takePlace(
  cluster: WorkingCluster,
  instance: WorkingInstance,
  task: { group: string; resources: Resources },
): void {
  const { group, resources } = task;
  instance.cpu -= resources.cpu;
  instance.memory -= resources.memory;
  if (resources.ports.length > 0) instance.usedPorts = new Set([...instance.usedPorts, ...resources.ports]);
  instance.tasksByGroup = new Map(instance.tasksByGroup).set(group, (instance.tasksByGroup.get(group) ?? 0) + 1);
  instance.runningTasks++;
  instance.tasks++;
  cluster.journal.push({ instance, group });
}
