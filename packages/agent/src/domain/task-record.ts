import type { AssignedTask, DesiredStatus, TaskStatus } from '@mini-ecs/shared';
import type { HealthStatus, NetworkBinding, ObservedContainer } from './observed-container.ts';

/**
 * What the agent knows of one task: what the store wants, what the engine shows, and the facts that neither
 * of them remembers. Plain data: it is the state file's form too. Times in ms since the epoch.
 */
export interface TaskRecord {
  id: string;
  desiredStatus: DesiredStatus;
  /** undefined: known from its containers' labels only; the store's word is awaited. */
  spec?: AssignedTask;
  /** When the store's word on it first came. */
  acceptedAt: number;
  /** By name; with a spec, one for each of its containers. */
  containers: Record<string, ContainerRecord>;
  /** Names of its volumes that were made beforehand, or could not be: then the containers that mount them have failed. */
  volumes: string[];
  /** Why it goes down; set once, never changed. */
  stop?: StopCause;
  pullStartedAt?: number;
  pullStoppedAt?: number;
  /** When all of its containers had been started. */
  startedAt?: number;
  executionStoppedAt?: number;
  stoppedAt?: number;
  /** The store has seen that it is STOPPED. */
  acknowledged?: boolean;
  /** Kept long enough: its containers and volumes are being removed, then it is forgotten. */
  discarded?: boolean;
  /** Volumes already removed with it, by their names in the engine. */
  removedVolumes?: string[];
}

export interface StopCause {
  /** undefined: not of the agent's own; the store knows why it wants the task stopped. */
  code?: 'TaskFailedToStart' | 'EssentialContainerExited';
  reason?: string;
  at: number;
}

export interface ContainerRecord {
  name: string;
  /** The image is on the host. */
  pulled: boolean;
  /** `sha256:…` of the registry; undefined for an image that no registry knows. */
  imageDigest?: string;
  /** Of the engine; once set, the container is never created again. */
  runtimeId?: string;
  /** As last seen; an exit stays known when the container is gone. */
  observed?: ObservedContainer;
  /** Created once, and the engine no longer knows it. */
  gone?: boolean;
  /** Why it is not running, in ECS's words (`CannotPullContainerError: …`); a container with a failure is final. */
  failure?: string;
  /** SIGTERM, the timeout and SIGKILL were not enough, so often … */
  failedStops: number;
  /** … and not again before. */
  stopAgainAt?: number;
}

/** What the store is told of a task. Times in ms since the epoch; they travel as ages. */
export interface TaskReport {
  lastStatus: TaskStatus;
  containers: ContainerReport[];
  stopCode?: StopCause['code'];
  stoppedReason?: string;
  healthStatus: HealthStatus;
  pullStartedAt?: number;
  pullStoppedAt?: number;
  startedAt?: number;
  stoppingAt?: number;
  executionStoppedAt?: number;
  stoppedAt?: number;
}

export interface ContainerReport {
  name: string;
  runtimeId?: string;
  lastStatus: 'PENDING' | 'RUNNING' | 'STOPPED';
  exitCode?: number;
  reason?: string;
  healthStatus: HealthStatus;
  imageDigest?: string;
  networkBindings: NetworkBinding[];
}
