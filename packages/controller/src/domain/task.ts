import type { PlacementConstraint, PlacementStrategy, TaskOverride } from '@aws-sdk/client-ecs';
import type { DesiredStatus, Resources, TaskStatus } from '@mini-ecs/shared';
import type { Tags } from './tag.ts';

/** Written once, at creation (field `doc`). All times in ms since the epoch. */
export interface TaskSpec {
  /** `family:revision` */
  taskDefinition: string;
  /** `service:<name>`, `family:<family>` or what RunTask was given */
  group: string;
  startedBy?: string;
  createdAt: number;
  overrides?: TaskOverride;
  resources: Resources;
  placementConstraints: PlacementConstraint[];
  placementStrategy: PlacementStrategy[];
  /** Set by StartTask: this instance or none. */
  containerInstance?: string;
  /** Names of the containers, so that a task that never started can be described. */
  containers: { name: string; image: string; cpu: number; memory?: number; memoryReservation?: number }[];
  enableExecuteCommand?: boolean;
  /** Set for a task of a service. */
  service?: { name: string; deploymentId: string };
  /** Set for a task of RunTask or StartTask: where its refusal is left, and until when it may wait for a place. */
  request?: { id: string; placeBy: number };
  /** The stopped task whose place it takes, and how many of its line in a row stopped early (reconciler/restart-backoff). */
  replaces?: { taskId: string; earlyStops: number };
}

/** Written by the API and the reconciler (field `desired`). */
export interface TaskDesire {
  desiredStatus: DesiredStatus;
  stopCode?: StopCode;
  stoppedReason?: string;
  /** when the stop was asked for */
  stoppingAt?: number;
}

export type StopCode =
  | 'TaskFailedToStart'
  | 'EssentialContainerExited'
  | 'UserInitiated'
  | 'ServiceSchedulerInitiated'
  | 'SpotInterruption'
  | 'TerminationNotice';

/** Written by status intake only, once the task is bound (field `observed`). Until then `initialObservation`. */
export interface TaskObservation {
  lastStatus: TaskStatus;
  containers: ContainerObservation[];
  healthStatus: HealthStatus;
  /** The agent's own cause: wins over the desire's. */
  stopCode?: StopCode;
  stoppedReason?: string;
  pullStartedAt?: number;
  pullStoppedAt?: number;
  startedAt?: number;
  stoppingAt?: number;
  executionStoppedAt?: number;
  stoppedAt?: number;
}

export type HealthStatus = 'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN';

export interface ContainerObservation {
  name: string;
  runtimeId?: string;
  lastStatus: 'PENDING' | 'RUNNING' | 'STOPPED';
  exitCode?: number;
  reason?: string;
  healthStatus: HealthStatus;
  imageDigest?: string;
  networkBindings: { bindIP: string; containerPort: number; hostPort: number; protocol: 'tcp' | 'udp' }[];
}

export interface Task {
  id: string;
  cluster: string;
  spec: TaskSpec;
  desire: TaskDesire;
  observed: TaskObservation;
  /** The container instance it is bound to, for ever; undefined: not placed yet. */
  instance?: string;
  placedAt?: number;
  tags: Tags;
  version: number;
}
