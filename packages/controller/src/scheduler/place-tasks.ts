/**
 * The scheduler's contract (the decision itself: see below). Pure: snapshot, `now` and seed in, placements out.
 */
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
  /** For cluster query language expressions on `task:`. */
  runningTasks: number;
  agentVersion: string;
  registeredAt: number;
}

/** The check that an instance failed first, in the words of ECS's `failures[].reason` where it has one. */
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
  /** How many instances failed each check, most first. */
  counts: { check: PlacementCheck; instances: number }[];
  /** The instance that came closest (passed most checks; then lacks least), and what it lacks. */
  closest?: { instance: string; check: PlacementCheck; lacks: string };
  /** One an instance, at most 100: instance and the check that it failed. */
  instances: { instance: string; check: PlacementCheck }[];
  /** What follows `was unable to place a task because `, in ECS's words, with the closest match. */
  because: string;
}

export interface PlacementDecision {
  placements: { task: string; instance: string }[];
  refusals: PlacementRefusal[];
}
