/**
 * A projection: the records of a partition as of one feed position, decoded and indexed, in the memory of
 * a controller. It can be rebuilt at any time and is never written to but by the feed.
 */
import type { Cluster } from '../domain/cluster.ts';
import type { ContainerInstance } from '../domain/container-instance.ts';
import type { Service } from '../domain/service.ts';
import type { Task } from '../domain/task.ts';
import type { TaskDefinition } from '../domain/task-definition.ts';
import type { RecordKind } from '../store/store.ts';

/** A cluster at one moment. Values are replaced, never changed in place: a reference taken stays as it was. */
export interface ClusterView {
  readonly name: string;
  /** Exactly the store's contents at this feed position. */
  readonly position: number;
  readonly cluster: Cluster | undefined;
  readonly services: ReadonlyMap<string, Service>;
  readonly tasks: ReadonlyMap<string, Task>;
  readonly instances: ReadonlyMap<string, ContainerInstance>;
  /** Tasks of a service, STOPPED ones included until they are reaped. */
  tasksOfService(service: string): readonly Task[];
  /** Tasks bound to an instance, STOPPED ones included until they are reaped. */
  tasksOfInstance(instance: string): readonly Task[];
  /** Tasks that wait for a place: bound to no instance, wanted, not STOPPED. */
  unplacedTasks(): readonly Task[];
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

export type ChangeListener = (cluster: string, changes: readonly RecordChange[], view: ClusterView) => void;

export interface Projections {
  /** The cluster as of now or later: every write acknowledged before the call is in it. Unknown clusters give an empty view. */
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
