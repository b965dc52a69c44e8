/** A service as the ECS API shows it: what was asked for, merged with what the reconciler wrote and what its tasks do. Pure. */
import type { Deployment, Service as EcsService } from '@aws-sdk/client-ecs';
import { clusterArn, isRunning, isStarting, serviceArn, taskDefinitionArn, type ArnScope } from '@mini-ecs/shared';
import type { ContainerInstance } from '../../domain/container-instance.ts';
import type { DeploymentState, Service, ServiceSpec } from '../../domain/service.ts';
import type { Task } from '../../domain/task.ts';
import { renderTags } from '../tags.ts';
import { EpochDate } from '../output.ts';

export interface ServiceLookups {
  /** Every task of the service; those STOPPED count for nothing. */
  tasks: readonly Task[];
  instances: ReadonlyMap<string, Pick<ContainerInstance, 'connected'>>;
  includeTags?: boolean;
}

interface Counts {
  runningCount: number;
  pendingCount: number;
}

/** A task counts for its service while it is wanted and not cut off: lost means unknown, and a replacement is on its way. */
function isCounted(task: Task, instances: ServiceLookups['instances']): boolean {
  if (task.desire.desiredStatus === 'STOPPED') return false;
  return task.instance === undefined || (instances.get(task.instance)?.connected ?? false);
}

const countTasks = (counted: readonly Task[]): Counts => ({
  runningCount: counted.filter(({ observed }) => isRunning(observed.lastStatus)).length,
  pendingCount: counted.filter(({ observed }) => isStarting(observed.lastStatus)).length,
});

/** The deployment that the spec asks for, when the reconciler has not seen it yet. */
const unseenDeployment = (spec: ServiceSpec): DeploymentState => ({
  id: spec.deploymentId,
  taskDefinition: spec.taskDefinition,
  status: 'PRIMARY',
  desiredCount: spec.desiredCount,
  rolloutState: 'IN_PROGRESS',
  rolloutStateReason: `ECS deployment ${spec.deploymentId} in progress.`,
  failedTasks: 0,
  createdAt: spec.deploymentCreatedAt,
  updatedAt: spec.deploymentCreatedAt,
});

function renderDeployments(service: Service, counted: readonly Task[], scope: ArnScope): Deployment[] {
  if (service.status === 'INACTIVE') return [];
  const { spec, state } = service;
  const primary = state.deployments.find(({ id }) => id === spec.deploymentId) ?? unseenDeployment(spec);
  const others = state.deployments.filter(({ id }) => id !== spec.deploymentId);
  const render = (deployment: DeploymentState, status: 'PRIMARY' | 'ACTIVE', desiredCount: number): Deployment => ({
    id: deployment.id,
    status,
    taskDefinition: taskDefinitionArn(scope, deployment.taskDefinition),
    desiredCount,
    ...countTasks(counted.filter((task) => task.spec.service?.deploymentId === deployment.id)),
    failedTasks: deployment.failedTasks,
    createdAt: new EpochDate(deployment.createdAt),
    updatedAt: new EpochDate(deployment.updatedAt),
    launchType: spec.launchType,
    rolloutState: deployment.rolloutState,
    rolloutStateReason: deployment.rolloutStateReason,
  });
  return [
    render(primary, 'PRIMARY', spec.desiredCount),
    ...others.map((deployment) => render(deployment, 'ACTIVE', deployment.desiredCount)),
  ];
}

const renderDeploymentConfiguration = (spec: ServiceSpec): EcsService['deploymentConfiguration'] => ({
  deploymentCircuitBreaker: { enable: false, rollback: false },
  strategy: 'ROLLING',
  bakeTimeInMinutes: 0,
  ...spec.deploymentConfiguration,
  maximumPercent: spec.maximumPercent,
  minimumHealthyPercent: spec.minimumHealthyPercent,
});

export function renderService(service: Service, lookups: ServiceLookups, scope: ArnScope): EcsService {
  const { spec } = service;
  const counted = lookups.tasks.filter((task) => isCounted(task, lookups.instances));
  return {
    serviceArn: serviceArn(scope, service.cluster, service.name),
    serviceName: service.name,
    clusterArn: clusterArn(scope, service.cluster),
    status: service.status,
    desiredCount: spec.desiredCount,
    ...countTasks(counted),
    taskDefinition: taskDefinitionArn(scope, spec.taskDefinition),
    deployments: renderDeployments(service, counted, scope),
    deploymentConfiguration: renderDeploymentConfiguration(spec),
    deploymentController: { type: 'ECS' },
    events: service.state.events.map(({ id, createdAt, message }) => ({ id, createdAt: new EpochDate(createdAt), message })),
    loadBalancers: [],
    serviceRegistries: [],
    launchType: spec.launchType,
    schedulingStrategy: 'REPLICA',
    placementConstraints: spec.placementConstraints,
    placementStrategy: spec.placementStrategy,
    propagateTags: spec.propagateTags,
    enableECSManagedTags: spec.enableECSManagedTags,
    enableExecuteCommand: spec.enableExecuteCommand,
    availabilityZoneRebalancing: 'DISABLED',
    healthCheckGracePeriodSeconds: spec.healthCheckGracePeriodSeconds,
    roleArn: spec.roleArn,
    createdAt: new EpochDate(spec.createdAt),
    createdBy: spec.createdBy,
    ...(lookups.includeTags ? { tags: renderTags(service.tags) } : {}),
  };
}
