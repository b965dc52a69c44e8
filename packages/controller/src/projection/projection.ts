/**
 * A projection: the records of a partition as of one feed position, decoded and indexed, in the memory of
 * a controller. It can be rebuilt at any time and is never written to but by the feed.
 *
 * Views are live: a change is applied to the very maps that callers hold, in one synchronous step, so that its cost is that
 * of the change and not of the cluster. A view is therefore of one moment until its holder awaits; after that it may be of
 * a later one (and `position` says so). What must outlast an `await` is copied before it.
 */
import type { Cluster } from '../domain/cluster.ts';
import type { ContainerInstance } from '../domain/container-instance.ts';
import type { Enrolment } from '../domain/enrolment.ts';
import type { JoinTokenRecord } from '../domain/join-token.ts';
import type { Service } from '../domain/service.ts';
import type { Task } from '../domain/task.ts';
import type { TaskDefinition } from '../domain/task-definition.ts';
import type { RecordKind } from '../store/store.ts';

/**
 * A cluster at one moment (see above: until the next `await`). Values are replaced, never changed in place: a task, service
 * or instance taken from it stays as it was.
 */
export interface ClusterView {
  readonly name: string;
  /** Exactly the store's contents at this feed position. */
  readonly position: number;
  readonly cluster: Cluster | undefined;
  readonly services: ReadonlyMap<string, Service>;
  readonly tasks: ReadonlyMap<string, Task>;
  readonly instances: ReadonlyMap<string, ContainerInstance>;
  /** Instance → how it got its certificates. */
  readonly enrolments: ReadonlyMap<string, Enrolment>;
  readonly joinTokens: ReadonlyMap<string, JoinTokenRecord>;
  /** Tasks of a service, STOPPED ones included until they are reaped. */
  tasksOfService(service: string): readonly Task[];
  /** Tasks bound to an instance, STOPPED ones included until they are reaped. */
  tasksOfInstance(instance: string): readonly Task[];
  /** The first `count` wanted tasks behind `id` (undefined: from the first on) in the order of ids; undefined: look at all of them. */
  nextTasks(id: string | undefined, count: number, isWanted: (task: Task) => boolean): Task[] | undefined;
  /** Tasks that wait for a place: bound to no instance, wanted, not STOPPED. */
  unplacedTasks(): readonly Task[];
  /** What an instance carries, counted as the changes come in so that placement need not walk its tasks. */
  loadOf(instance: string): InstanceLoad;
}

export interface InstanceLoad {
  /** Tasks on it that are neither STOPPED nor meant to stop, by group. */
  readonly tasksByGroup: ReadonlyMap<string, number>;
  /** Tasks on it whose lastStatus is RUNNING. */
  readonly runningTasks: number;
}

export interface GlobalView {
  readonly position: number;
  /** `family:revision` → task definition */
  readonly taskDefinitions: ReadonlyMap<string, TaskDefinition>;
  /** Revisions of a family, ascending. */
  revisionsOf(family: string): readonly TaskDefinition[];
  families(): Iterable<string>;
  /** Names of clusters that were ever created. */
  readonly clusterNames: ReadonlySet<string>;
  /** Raw `doc` by id. */
  readonly settings: ReadonlyMap<string, string>;
  readonly accessKeys: ReadonlyMap<string, string>;
}

export interface RecordChange {
  kind: RecordKind;
  id: string;
}

/** After a (re)load `changes` names every record there is, and those that went. */
export type ChangeListener = (cluster: string, changes: readonly RecordChange[], view: ClusterView) => void;

export interface Projections {
  /**
   * The cluster as of now or later: every write acknowledged before the call is in it. Unknown clusters give an empty view.
   * Rejects with the store's error, or a ProjectionTimeoutError where the store does not answer.
   */
  current(cluster: string): Promise<ClusterView>;
  currentGlobal(): Promise<GlobalView>;
  /** Without waiting: what is there, possibly behind; undefined when this cluster was never loaded. */
  peek(cluster: string): ClusterView | undefined;
  peekGlobal(): GlobalView;
  /** Resolves when `done(view)` first answers something, checked at once and at every change; undefined after `timeoutMs`. */
  waitUntil<T>(cluster: string, timeoutMs: number, done: (view: ClusterView) => T | undefined): Promise<T | undefined>;
  /** Called after a change was applied, with the records it touched. Returns the unsubscribe function. */
  onChange(listener: ChangeListener): () => void;
}
