/** What RunTask and StartTask are given, checked and made into tasks. */
import type { ContainerOverride, PropagateTags, RunTaskRequest, StartTaskRequest, TaskOverride } from '@aws-sdk/client-ecs';
import { containersOf, parseCpuUnits, parseMemoryMib, resourcesOf } from '../../domain/new-task.ts';
import type { Tags } from '../../domain/tag.ts';
import { taskDefinitionId, type TaskDefinition } from '../../domain/task-definition.ts';
import type { TaskSpec } from '../../domain/task.ts';
import { ApiError } from '../api-error.ts';
import { limits, list, oneOf, range, text } from '../limits.ts';
import {
  placementConstraintsCheck,
  placementConstraintsOf,
  placementStrategyCheck,
  placementStrategyOf,
  withDefinitionConstraints,
} from '../placement-input.ts';
import { mergeTags, tagsOf } from '../tags.ts';
import { isGiven, refuseHostedElsewhere, refuseUnsupported } from '../unsupported.ts';

const longestOverrides = 8192;
const startedByPattern = { pattern: /^[a-zA-Z0-9\-/_]*$/, rule: 'letters, numbers, hyphens, forward slashes and underscores' };
/** An error is received for SERVICE: there is none. */
const propagateTags = oneOf(['TASK_DEFINITION', 'NONE']) as (
  value: PropagateTags,
  path: string,
) => ReturnType<ReturnType<typeof oneOf>>;

const checkRunTask = limits<RunTaskRequest>({
  count: range(1, 10),
  clientToken: text({ least: 1, most: 64, pattern: /^[\x21-\x7e]+$/, rule: 'characters in the range of 33-126' }),
  startedBy: text({ most: 128, ...startedByPattern }),
  group: text({ least: 1, most: 255 }),
  propagateTags,
  placementConstraints: placementConstraintsCheck,
  placementStrategy: placementStrategyCheck,
});

const checkStartTask = limits<StartTaskRequest>({
  containerInstances: list({ least: 1, most: 10 }),
  startedBy: text({ most: 36, ...startedByPattern }),
  group: text({ least: 1, most: 255 }),
  propagateTags,
});

const invalid = (message: string): ApiError => new ApiError('InvalidParameterException', message);

/** Throws for what no cluster could run, before anything is looked up. */
export function checkRunTaskInput(input: RunTaskRequest): void {
  checkRunTask(input);
  refuseHostedElsewhere(input);
  checkShared(input);
}

export function checkStartTaskInput(input: StartTaskRequest): void {
  checkStartTask(input);
  refuseHostedElsewhere({ networkConfiguration: input.networkConfiguration });
  checkShared(input);
}

function checkShared({ overrides, volumeConfigurations }: RunTaskRequest | StartTaskRequest): void {
  refuseUnsupported({
    volumeConfigurations: isGiven(volumeConfigurations),
    'overrides.ephemeralStorage': isGiven(overrides?.ephemeralStorage),
    'overrides.inferenceAcceleratorOverrides': isGiven(overrides?.inferenceAcceleratorOverrides),
    'environmentFiles in container overrides': overrides?.containerOverrides?.some((one) => isGiven(one.environmentFiles)),
    'resourceRequirements in container overrides': overrides?.containerOverrides?.some((one) =>
      isGiven(one.resourceRequirements),
    ),
  });
}

/** What the tasks of one call have in common. `createdAt` and `placeBy` in ms since the epoch. */
export interface TaskRequest {
  definition: TaskDefinition;
  cluster: string;
  requestId: string;
  createdAt: number;
  placeBy: number;
}

/** The task that a call asks for, without the instance that StartTask names. Throws InvalidParameterException. */
export function taskSpecOf(input: RunTaskRequest | StartTaskRequest, request: TaskRequest): TaskSpec {
  const { definition } = request;
  const overrides = overridesOf(input.overrides, definition);
  return {
    taskDefinition: taskDefinitionId(definition.family, definition.revision),
    group: groupOf(input.group, definition.family),
    ...(input.startedBy === undefined ? {} : { startedBy: input.startedBy }),
    createdAt: request.createdAt,
    ...(overrides ? { overrides } : {}),
    resources: resourcesOf(definition, overrides),
    placementConstraints: [],
    placementStrategy: [],
    containers: containersOf(definition, overrides),
    ...(input.enableExecuteCommand ? { enableExecuteCommand: true } : {}),
    request: { id: request.requestId, placeBy: request.placeBy },
  };
}

/** Where RunTask's tasks may go; StartTask names its instances itself and has no say but that. */
export const placementOf = (
  input: RunTaskRequest,
  definition: TaskDefinition,
): Pick<TaskSpec, 'placementConstraints' | 'placementStrategy'> => ({
  placementConstraints: withDefinitionConstraints(definition, placementConstraintsOf(input.placementConstraints)),
  placementStrategy: placementStrategyOf(input.placementStrategy),
});

/** Tags of the call win over those of the task definition. */
export function taskTagsOf(input: RunTaskRequest | StartTaskRequest, { definition, cluster }: TaskRequest): Tags {
  const propagated = input.propagateTags === 'TASK_DEFINITION' ? definition.tags : {};
  const managed: Tags = input.enableECSManagedTags ? { 'aws:ecs:clusterName': cluster } : {};
  return mergeTags(mergeTags(propagated, tagsOf(input.tags)), managed);
}

/** `service:…` is for services, and `family:…` says what the task definition's family is. */
function groupOf(group: string | undefined, family: string): string {
  const ofFamily = `family:${family}`;
  if (group === undefined || group === ofFamily) return ofFamily;
  if (group.includes(':')) throw invalid('Invalid namespace for group.');
  return group;
}

function overridesOf(overrides: TaskOverride | undefined, definition: TaskDefinition): TaskOverride | undefined {
  if (!isGiven(overrides) || !overrides) return undefined;
  if (JSON.stringify(overrides).length > longestOverrides) {
    throw invalid(`Container Overrides length must be at most ${longestOverrides}`);
  }
  if (overrides.cpu !== undefined && !parseCpuUnits(overrides.cpu)) throw invalid("Invalid 'cpu' setting for task.");
  if (overrides.memory !== undefined && !parseMemoryMib(overrides.memory)) throw invalid("Invalid 'memory' setting for task.");
  const containerOverrides = (overrides.containerOverrides ?? []).filter(isGiven);
  for (const override of containerOverrides) checkContainerOverride(override, definition);
  return { ...overrides, containerOverrides };
}

function checkContainerOverride({ name, cpu, memory, memoryReservation }: ContainerOverride, definition: TaskDefinition): void {
  if (name === undefined || name === '') throw invalid('A container override needs the name of a container.');
  if (!definition.spec.request.containerDefinitions?.some((container) => container.name === name)) {
    throw invalid(`Override for container named ${name} is not a container in the TaskDefinition.`);
  }
  if (cpu !== undefined && cpu < 0) throw invalid(`Invalid 'cpu' setting for container '${name}': ${cpu} is below 0.`);
  for (const [member, value] of Object.entries({ memory, memoryReservation })) {
    if (value !== undefined && value < 6)
      throw invalid(`Invalid '${member}' setting for container '${name}': the least is 6 MiB.`);
  }
  if (memory !== undefined && memoryReservation !== undefined && memory < memoryReservation) {
    throw invalid(`Invalid setting for container '${name}'. 'memory' must not be below 'memoryReservation'.`);
  }
}
