/** What CreateService and UpdateService are given, checked and made into the spec of a service. */
import type { CreateServiceRequest, DeploymentConfiguration, PropagateTags, UpdateServiceRequest } from '@aws-sdk/client-ecs';
import { taskDefinitionId, type TaskDefinition } from '../../domain/task-definition.ts';
import type { ServiceSpec } from '../../domain/service.ts';
import { ApiError } from '../api-error.ts';
import { limits, members, oneOf, range, text, type Check } from '../limits.ts';
import {
  placementConstraintsCheck,
  placementConstraintsOf,
  placementStrategyCheck,
  placementStrategyOf,
  withDefinitionConstraints,
} from '../placement-input.ts';
import { isGiven, refuseHostedElsewhere, refuseUnsupported } from '../unsupported.ts';

/** Tasks per service, a quota of ECS. */
const mostTasks = 5000;
const largestInt = 2_147_483_647;
/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html */
const usual = { minimumHealthyPercent: 100, maximumPercent: 200 };

const propagateTags: Check<PropagateTags> = oneOf(['SERVICE', 'TASK_DEFINITION', 'NONE']);
const shared = {
  desiredCount: range(0, mostTasks),
  deploymentConfiguration: members<DeploymentConfiguration>({
    minimumHealthyPercent: range(0, 100),
    maximumPercent: range(100, largestInt),
    strategy: oneOf(['ROLLING', 'BLUE_GREEN', 'LINEAR', 'CANARY']),
  }),
  healthCheckGracePeriodSeconds: range(0, largestInt),
  placementConstraints: placementConstraintsCheck,
  placementStrategy: placementStrategyCheck,
  propagateTags,
};

const checkCreate = limits<CreateServiceRequest>({
  serviceName: text({ least: 1, most: 255, pattern: /^[a-zA-Z0-9_-]+$/, rule: 'letters, numbers, underscores and hyphens' }),
  clientToken: text({ least: 1, most: 36, pattern: /^[\x21-\x7e]+$/, rule: 'characters in the range of 33-126' }),
  launchType: oneOf(['EC2', 'FARGATE', 'EXTERNAL', 'MANAGED_INSTANCES']),
  schedulingStrategy: oneOf(['REPLICA', 'DAEMON']),
  ...shared,
});
const checkUpdate = limits<UpdateServiceRequest>(shared);

const invalid = (message: string): ApiError => new ApiError('InvalidParameterException', message);

/** The parts of both requests that mini-ecs does not act upon. An empty list says that there is none, which is true. */
function refuseBeyondReach(input: Omit<CreateServiceRequest, 'serviceName'>): void {
  const { deploymentConfiguration: configuration, deploymentController } = input;
  refuseHostedElsewhere(input);
  refuseUnsupported({
    'schedulingStrategy DAEMON': input.schedulingStrategy === 'DAEMON',
    [`deploymentController ${deploymentController?.type}`]:
      deploymentController !== undefined && deploymentController.type !== 'ECS',
    loadBalancers: isGiven(input.loadBalancers),
    serviceRegistries: isGiven(input.serviceRegistries),
    serviceConnectConfiguration: input.serviceConnectConfiguration?.enabled,
    volumeConfigurations: isGiven(input.volumeConfigurations),
    vpcLatticeConfigurations: isGiven(input.vpcLatticeConfigurations),
    gatewayConnectors: isGiven(input.gatewayConnectors),
    monitoring: isGiven(input.monitoring),
    'availabilityZoneRebalancing ENABLED': input.availabilityZoneRebalancing === 'ENABLED',
    'deploymentConfiguration.deploymentCircuitBreaker': configuration?.deploymentCircuitBreaker?.enable,
    'deploymentConfiguration.alarms': configuration?.alarms?.enable,
    [`deploymentConfiguration.strategy ${configuration?.strategy}`]: (configuration?.strategy ?? 'ROLLING') !== 'ROLLING',
    'deploymentConfiguration.bakeTimeInMinutes': (configuration?.bakeTimeInMinutes ?? 0) !== 0,
    'deploymentConfiguration.lifecycleHooks': isGiven(configuration?.lifecycleHooks),
    'deploymentConfiguration.linearConfiguration': isGiven(configuration?.linearConfiguration),
    'deploymentConfiguration.canaryConfiguration': isGiven(configuration?.canaryConfiguration),
    'deploymentConfiguration.earlySuccessCriteria': isGiven(configuration?.earlySuccessCriteria),
  });
  if ('role' in input && input.role) throw invalid('A role can only be specified for a service with a load balancer.');
}

/** A minimum that the maximum leaves no room under could never replace a task. */
function checkPercents({ minimumHealthyPercent, maximumPercent }: typeof usual): void {
  if (minimumHealthyPercent < maximumPercent) return;
  throw invalid(
    `minimumHealthyPercent (${minimumHealthyPercent}) must be below maximumPercent (${maximumPercent}): else no task could be replaced.`,
  );
}

/** Throws for what can be told from the request alone. */
export function checkCreateService(input: CreateServiceRequest): void {
  checkCreate(input);
  refuseBeyondReach(input);
  if (!input.taskDefinition) throw invalid('taskDefinition must be specified for a service with the ECS deployment controller.');
  if (input.desiredCount === undefined) {
    throw invalid('desiredCount must be specified for a service with the REPLICA scheduling strategy.');
  }
}

export function checkUpdateService(input: UpdateServiceRequest): void {
  checkUpdate(input);
  refuseBeyondReach(input);
}

/** `now` in ms since the epoch. Throws InvalidParameterException. */
export function newServiceSpec(
  input: CreateServiceRequest,
  definition: TaskDefinition,
  made: { now: number; deploymentId: string; createdBy: string },
): ServiceSpec {
  const percents = { ...usual, ...percentsOf(input.deploymentConfiguration) };
  checkPercents(percents);
  const placementConstraints = placementConstraintsOf(input.placementConstraints);
  // Only for its limit: the definition's own are added when a task is made.
  withDefinitionConstraints(definition, placementConstraints);
  return {
    name: input.serviceName ?? '',
    taskDefinition: taskDefinitionId(definition.family, definition.revision),
    desiredCount: input.desiredCount ?? 0,
    deploymentId: made.deploymentId,
    deploymentCreatedAt: made.now,
    ...percents,
    ...(input.deploymentConfiguration ? { deploymentConfiguration: input.deploymentConfiguration } : {}),
    placementConstraints,
    placementStrategy: placementStrategyOf(input.placementStrategy),
    propagateTags: input.propagateTags ?? 'NONE',
    enableECSManagedTags: input.enableECSManagedTags ?? false,
    enableExecuteCommand: input.enableExecuteCommand ?? false,
    ...(input.healthCheckGracePeriodSeconds === undefined
      ? {}
      : { healthCheckGracePeriodSeconds: input.healthCheckGracePeriodSeconds }),
    launchType: input.launchType === 'EXTERNAL' ? 'EXTERNAL' : 'EC2',
    createdAt: made.now,
    createdBy: made.createdBy,
  };
}

function percentsOf(configuration: DeploymentConfiguration | undefined): Partial<typeof usual> {
  const { minimumHealthyPercent, maximumPercent } = configuration ?? {};
  return {
    ...(minimumHealthyPercent === undefined ? {} : { minimumHealthyPercent }),
    ...(maximumPercent === undefined ? {} : { maximumPercent }),
  };
}

/**
 * The spec after UpdateService; what the request leaves out stays. Another task definition and `forceNewDeployment` make a new
 * deployment, nothing else does. `definition`: the one that the request names; undefined: none.
 */
export function updatedServiceSpec(
  spec: ServiceSpec,
  input: UpdateServiceRequest,
  definition: TaskDefinition | undefined,
  made: { now: number; newDeploymentId: () => string },
): ServiceSpec {
  const taskDefinition = definition ? taskDefinitionId(definition.family, definition.revision) : spec.taskDefinition;
  const isNewDeployment = taskDefinition !== spec.taskDefinition || input.forceNewDeployment === true;
  const percents = { minimumHealthyPercent: spec.minimumHealthyPercent, maximumPercent: spec.maximumPercent };
  const updated: ServiceSpec = {
    ...spec,
    taskDefinition,
    desiredCount: input.desiredCount ?? spec.desiredCount,
    ...(isNewDeployment ? { deploymentId: made.newDeploymentId(), deploymentCreatedAt: made.now } : {}),
    ...percents,
    ...percentsOf(input.deploymentConfiguration),
    ...(input.deploymentConfiguration
      ? { deploymentConfiguration: { ...spec.deploymentConfiguration, ...input.deploymentConfiguration } }
      : {}),
    ...(input.placementConstraints ? { placementConstraints: placementConstraintsOf(input.placementConstraints) } : {}),
    ...(input.placementStrategy ? { placementStrategy: placementStrategyOf(input.placementStrategy) } : {}),
    propagateTags: input.propagateTags ?? spec.propagateTags,
    enableECSManagedTags: input.enableECSManagedTags ?? spec.enableECSManagedTags,
    enableExecuteCommand: input.enableExecuteCommand ?? spec.enableExecuteCommand,
    ...(input.healthCheckGracePeriodSeconds === undefined
      ? {}
      : { healthCheckGracePeriodSeconds: input.healthCheckGracePeriodSeconds }),
  };
  checkPercents(updated);
  if (definition) withDefinitionConstraints(definition, updated.placementConstraints);
  return updated;
}
