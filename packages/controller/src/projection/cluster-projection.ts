/** The records of one ECS cluster, decoded and indexed. A change costs what it touches, never the size of the cluster. */
import { hasStopped, isRunning } from '@mini-ecs/shared';
import type { Cluster } from '../domain/cluster.ts';
import type { ContainerInstance } from '../domain/container-instance.ts';
import type { Enrolment } from '../domain/enrolment.ts';
import type { JoinTokenRecord } from '../domain/join-token.ts';
import type { Service } from '../domain/service.ts';
import type { Task } from '../domain/task.ts';
import { decodeCluster, decodeEnrolment, decodeInstance, decodeJoinToken, decodeService, decodeTask } from '../store/records.ts';
import type { Change, Fields } from '../store/store.ts';
import type { Replica } from './partition-follower.ts';
import type { ClusterView, InstanceLoad, RecordChange } from './projection.ts';
import { TaskOrder } from './task-order.ts';

/** Told of a record that cannot be decoded: it is left out, the others are not held up by it. */
export type BadRecordListener = (record: RecordChange, error: unknown) => void;

const noLoad: InstanceLoad = { tasksByGroup: new Map(), runningTasks: 0 };

/** Waits for a place: bound to no instance, wanted, not STOPPED. */
export const isUnplaced = (task: Task): boolean =>
  task.instance === undefined && task.desire.desiredStatus === 'RUNNING' && !hasStopped(task.observed.lastStatus);

const countsForItsGroup = (task: Task): boolean =>
  task.desire.desiredStatus === 'RUNNING' && !hasStopped(task.observed.lastStatus);

/** Tasks by one of their properties: property → task id → task. */
class TaskIndex {
  readonly #tasks = new Map<string, Map<string, Task>>();

  of(key: string): Task[] {
    return [...(this.#tasks.get(key)?.values() ?? [])];
  }

  replace(id: string, oldKey: string | undefined, newKey: string | undefined, task: Task | undefined): void {
    if (oldKey !== undefined && oldKey !== newKey) this.#remove(oldKey, id);
    if (newKey === undefined || !task) return;
    const tasks = this.#tasks.get(newKey);
    if (tasks) tasks.set(id, task);
    else this.#tasks.set(newKey, new Map([[id, task]]));
  }

  #remove(key: string, id: string): void {
    const tasks = this.#tasks.get(key);
    tasks?.delete(id);
    if (tasks?.size === 0) this.#tasks.delete(key);
  }
}

/** How many tasks of each group, and how many RUNNING ones, every instance carries. */
class InstanceLoads {
  readonly #loads = new Map<string, { tasksByGroup: Map<string, number>; runningTasks: number }>();

  of(instance: string): InstanceLoad {
    return this.#loads.get(instance) ?? noLoad;
  }

  add(task: Task | undefined, sign: 1 | -1): void {
    if (task?.instance === undefined || hasStopped(task.observed.lastStatus)) return;
    const load = this.#loads.get(task.instance) ?? { tasksByGroup: new Map<string, number>(), runningTasks: 0 };
    this.#loads.set(task.instance, load);
    if (isRunning(task.observed.lastStatus)) load.runningTasks += sign;
    if (countsForItsGroup(task)) {
      const count = (load.tasksByGroup.get(task.spec.group) ?? 0) + sign;
      if (count === 0) load.tasksByGroup.delete(task.spec.group);
      else load.tasksByGroup.set(task.spec.group, count);
    }
    if (load.runningTasks === 0 && load.tasksByGroup.size === 0) this.#loads.delete(task.instance);
  }
}

export class ClusterProjection implements ClusterView, Replica<ClusterProjection> {
  readonly name: string;
  position = 0;
  cluster: Cluster | undefined;
  services = new Map<string, Service>();
  tasks = new Map<string, Task>();
  instances = new Map<string, ContainerInstance>();
  enrolments = new Map<string, Enrolment>();
  joinTokens = new Map<string, JoinTokenRecord>();
  #inOrder = new TaskOrder();
  #byService = new TaskIndex();
  #byInstance = new TaskIndex();
  #unplaced = new Map<string, Task>();
  #loads = new InstanceLoads();
  readonly #onBadRecord: BadRecordListener;

  constructor(name: string, onBadRecord: BadRecordListener) {
    this.name = name;
    this.#onBadRecord = onBadRecord;
  }

  tasksOfService(service: string): readonly Task[] {
    return this.#byService.of(service);
  }

  tasksOfInstance(instance: string): readonly Task[] {
    return this.#byInstance.of(instance);
  }

  nextTasks(id: string | undefined, count: number, isWanted: (task: Task) => boolean): Task[] | undefined {
    return this.#inOrder.next(id, count, isWanted);
  }

  unplacedTasks(): readonly Task[] {
    return [...this.#unplaced.values()];
  }

  loadOf(instance: string): InstanceLoad {
    return this.#loads.of(instance);
  }

  apply(changes: readonly Change[], position: number): void {
    for (const change of changes) {
      try {
        this.#applyOne(change.kind, change.id, change.fields);
      } catch (error) {
        this.#onBadRecord({ kind: change.kind, id: change.id }, error);
      }
    }
    this.position = position;
  }

  become(other: ClusterProjection): void {
    this.position = other.position;
    this.cluster = other.cluster;
    this.services = other.services;
    this.tasks = other.tasks;
    this.instances = other.instances;
    this.#inOrder = other.#inOrder;
    this.enrolments = other.enrolments;
    this.joinTokens = other.joinTokens;
    this.#byService = other.#byService;
    this.#byInstance = other.#byInstance;
    this.#unplaced = other.#unplaced;
    this.#loads = other.#loads;
  }

  *records(): Iterable<RecordChange> {
    if (this.cluster) yield { kind: 'cluster', id: this.name };
    for (const id of this.services.keys()) yield { kind: 'service', id };
    for (const id of this.instances.keys()) yield { kind: 'instance', id };
    for (const id of this.enrolments.keys()) yield { kind: 'enrolment', id };
    for (const id of this.joinTokens.keys()) yield { kind: 'join-token', id };
    for (const id of this.tasks.keys()) yield { kind: 'task', id };
  }

  #applyOne(kind: RecordChange['kind'], id: string, fields: Fields | undefined): void {
    switch (kind) {
      case 'cluster':
        this.cluster = fields && decodeCluster(id, fields);
        break;
      case 'service':
        if (fields) this.services.set(id, decodeService(this.name, id, fields));
        else this.services.delete(id);
        break;
      case 'instance':
        if (fields) this.instances.set(id, decodeInstance(this.name, id, fields, this.instances.get(id)));
        else this.instances.delete(id);
        break;
      case 'task':
        this.#replaceTask(id, fields && decodeTask(this.name, id, fields, this.tasks.get(id)));
        break;
      case 'enrolment':
        if (fields) this.enrolments.set(id, decodeEnrolment(this.name, id, fields));
        else this.enrolments.delete(id);
        break;
      case 'join-token':
        if (fields) this.joinTokens.set(id, decodeJoinToken(this.name, id, fields));
        else this.joinTokens.delete(id);
        break;
      case 'task-definition':
      case 'cluster-name':
      case 'setting':
      case 'access-key':
      case 'authority':
        break; // of the global partition
    }
  }

  #replaceTask(id: string, task: Task | undefined): void {
    const old = this.tasks.get(id);
    this.#byService.replace(id, old?.spec.service?.name, task?.spec.service?.name, task);
    this.#byInstance.replace(id, old?.instance, task?.instance, task);
    this.#loads.add(old, -1);
    this.#loads.add(task, 1);
    if (task && isUnplaced(task)) this.#unplaced.set(id, task);
    else this.#unplaced.delete(id);
    if (task) {
      this.tasks.set(id, task);
      this.#inOrder.set(task);
    } else {
      this.tasks.delete(id);
      this.#inOrder.delete(id);
    }
  }
}
