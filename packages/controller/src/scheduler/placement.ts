/** What a placement is decided on, and what the decision says. */
import type { PlacementConstraint, PlacementStrategy } from '@aws-sdk/client-ecs';
import type { Resources } from '@mini-ecs/shared';
import type { Attributes } from '../domain/container-instance.ts';

/** A task that wants a place. */
export interface TaskToPlace {
  id: string;
  /** Spread and distinctInstance count the tasks of the same group. */
  group: string;
  taskDefinition: string;
  resources: Resources;
  constraints: PlacementConstraint[];
  /** Empty: for a service spread over zones, then instances; else random. */
  strategy: PlacementStrategy[];
  isServiceTask: boolean;
  /** StartTask: this instance or none. */
  containerInstance?: string;
  /** ECS's `requiresAttributes` of the task definition. */
  requiredAttributes?: readonly RequiredAttribute[];
}

/** An attribute that the instance must have; with any value if none is given. */
export interface RequiredAttribute {
  name: string;
  value?: string;
}

/** A container instance as placement sees it. Never changed by the scheduler. */
export interface InstanceSnapshot {
  id: string;
  status: 'ACTIVE' | 'DRAINING' | 'INACTIVE';
  connected: boolean;
  free: { cpu: number; memory: number; usedPorts: ReadonlySet<string> };
  attributes: Attributes;
  /** Tasks on it that are neither STOPPED nor meant to stop, by group. */
  tasksByGroup: ReadonlyMap<string, number>;
  /** For `runningTasksCount` in cluster query language expressions; tasks placed in the same decision are added to it. */
  runningTasks: number;
  agentVersion: string;
  /** What DescribeContainerInstances calls `ec2InstanceId`, for expressions on it. */
  ec2InstanceId?: string;
  /** ms since the epoch */
  registeredAt: number;
}

/** The check that an instance failed first; `failureReason` gives ECS's `failures[].reason` for it. */
export type PlacementCheck =
  | 'AGENT'
  | 'INACTIVE'
  | 'DRAINING'
  | 'ATTRIBUTE'
  | 'RESOURCE:CPU'
  | 'RESOURCE:MEMORY'
  | 'RESOURCE:PORTS'
  | 'memberOf'
  | 'distinctInstance';

export interface PlacementRefusal {
  task: string;
  /** How many instances failed each check, most first. They add up to the instances considered (one for StartTask). */
  counts: { check: PlacementCheck; instances: number }[];
  /** The instance that came closest (passed most checks; then lacks least), and what it lacks. */
  closest?: { instance: string; check: PlacementCheck; lacks: string };
  /** One an instance, at most 100: instance and the check that it failed. */
  instances: { instance: string; check: PlacementCheck }[];
  /** What follows `was unable to place a task because `, in ECS's words, with the closest match and the counts. */
  because: string;
}

/** Both in the order of the tasks. Refusals of tasks alike share their contents. */
export interface PlacementDecision {
  placements: { task: string; instance: string }[];
  refusals: PlacementRefusal[];
}

export interface PlacementRequest {
  tasks: readonly TaskToPlace[];
  instances: readonly InstanceSnapshot[];
  /** The same request with the same seed gives the same decision. */
  seed: number;
}
