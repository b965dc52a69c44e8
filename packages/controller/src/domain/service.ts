import type { DeploymentConfiguration, PlacementConstraint, PlacementStrategy } from '@aws-sdk/client-ecs';
import type { Tags } from './tag.ts';

/** Written by the API (field `doc`). All times in ms since the epoch. */
export interface ServiceSpec {
  name: string;
  /** `family:revision` */
  taskDefinition: string;
  desiredCount: number;
  /** A new one for every change that needs new tasks (task definition, forceNewDeployment): `ecs-svc/<digits>`. */
  deploymentId: string;
  deploymentCreatedAt: number;
  minimumHealthyPercent: number;
  maximumPercent: number;
  /** As given, rendered back. */
  deploymentConfiguration?: DeploymentConfiguration;
  placementConstraints: PlacementConstraint[];
  /** Empty: spread over zones, then instances (decided by the scheduler). */
  placementStrategy: PlacementStrategy[];
  propagateTags: 'NONE' | 'SERVICE' | 'TASK_DEFINITION';
  enableECSManagedTags: boolean;
  enableExecuteCommand: boolean;
  healthCheckGracePeriodSeconds?: number;
  roleArn?: string;
  launchType: 'EC2' | 'EXTERNAL';
  createdAt: number;
  createdBy: string;
}

/** Written by the reconciler (field `state`). */
export interface ServiceState {
  /** Newest first; the first is PRIMARY if its id is the spec's. */
  deployments: DeploymentState[];
  /** Newest first, at most 100 as on ECS. */
  events: ServiceEvent[];
  /** Whether the service was steady at the last look: the steady state is told when it is reached. */
  steady?: boolean;
  /** What events have told so far, so that each thing is told once: `refusal.at`, `placedAt` and `stoppedAt` in ms. */
  told?: { refusalAt?: number; startedAt?: number; delayedAt?: number };
}

export interface DeploymentState {
  id: string;
  taskDefinition: string;
  status: 'PRIMARY' | 'ACTIVE';
  desiredCount: number;
  rolloutState: 'IN_PROGRESS' | 'COMPLETED' | 'FAILED';
  rolloutStateReason: string;
  failedTasks: number;
  createdAt: number;
  updatedAt: number;
}

export interface ServiceEvent {
  id: string;
  createdAt: number;
  message: string;
}

/** Written by the placement commit (field `refusal`): why tasks of the service found no place the last time. */
export interface ServiceRefusal {
  at: number;
  /** What follows `(service x) was unable to place a task because `. */
  because: string;
}

export interface Service {
  name: string;
  cluster: string;
  status: 'ACTIVE' | 'DRAINING' | 'INACTIVE';
  spec: ServiceSpec;
  state: ServiceState;
  refusal?: ServiceRefusal;
  tags: Tags;
  /** Raised by every write of `doc` or `status` (API). */
  specVersion: number;
  /** Raised by every creation or stop of a task of the service. */
  tasksVersion: number;
  /** Raised by every write of `state`. */
  stateVersion: number;
  version: number;
}
