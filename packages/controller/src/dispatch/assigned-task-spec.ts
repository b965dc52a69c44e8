/**
 * Task + task definition → the AssignedTask that its agent gets: overrides applied, ECS's defaults filled in.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
 *
 * A spec is what belongs to the task (its ARN, group, …) followed by what belongs to its task definition. The second part
 * is encoded once a definition, so that 1,500 starts a second do not serialise the same containers 1,500 times.
 */
import type { ContainerDefinition, ContainerOverride, KeyValuePair, TaskOverride, Volume } from '@aws-sdk/client-ecs';
import {
  clusterArn,
  taskArn,
  type ArnScope,
  type AssignedContainer,
  type AssignedTask,
  type AssignedVolume,
} from '@mini-ecs/shared';
import { parseCpuUnits, parseMemoryMib } from '../domain/new-task.ts';
import type { TaskDefinition } from '../domain/task-definition.ts';
import type { Task } from '../domain/task.ts';

type OwnPart = Pick<AssignedTask, 'taskArn' | 'cluster' | 'clusterArn' | 'group' | 'startedBy' | 'serviceName'>;
type DefinedPart = Omit<AssignedTask, keyof OwnPart>;

export const assignedTask = (task: Task, definition: TaskDefinition, scope: ArnScope): AssignedTask => ({
  ...ownPart(task, scope),
  ...definedPart(definition, task.spec.overrides),
});

/** Encodes specs as UTF-8 JSON for `Assignment.spec`. */
export class AssignedTaskEncoder {
  readonly #scope: ArnScope;
  /** By the definition object: a projection replaces values, so an entry goes with its definition. */
  readonly #definedParts = new WeakMap<TaskDefinition, string>();

  constructor(scope: ArnScope) {
    this.#scope = scope;
  }

  encode(task: Task, definition: TaskDefinition): Uint8Array {
    const own = JSON.stringify(ownPart(task, this.#scope));
    return Buffer.from(`${own.slice(0, -1)},${this.#definedPart(definition, task.spec.overrides).slice(1)}`);
  }

  #definedPart(definition: TaskDefinition, overrides: TaskOverride | undefined): string {
    if (overrides && changesContainers(overrides)) return JSON.stringify(definedPart(definition, overrides));
    const known = this.#definedParts.get(definition);
    if (known !== undefined) return known;
    const encoded = JSON.stringify(definedPart(definition, undefined));
    this.#definedParts.set(definition, encoded);
    return encoded;
  }
}

const changesContainers = ({ cpu, memory, containerOverrides }: TaskOverride): boolean =>
  cpu !== undefined || memory !== undefined || (containerOverrides ?? []).length > 0;

const ownPart = ({ id, cluster, spec }: Task, scope: ArnScope): OwnPart => ({
  taskArn: taskArn(scope, cluster, id),
  cluster,
  clusterArn: clusterArn(scope, cluster),
  group: spec.group,
  startedBy: spec.startedBy,
  serviceName: spec.service?.name,
});

function definedPart({ family, revision, spec }: TaskDefinition, overrides: TaskOverride | undefined): DefinedPart {
  const { request } = spec;
  const cpu = overrides?.cpu ?? request.cpu;
  const memory = overrides?.memory ?? request.memory;
  const networkMode = networkModeOf(request.networkMode);
  const overrideOf = ({ name }: ContainerDefinition): ContainerOverride | undefined =>
    overrides?.containerOverrides?.find((override) => override.name === name);
  return {
    family,
    revision,
    networkMode,
    cpu: cpu === undefined ? undefined : parseCpuUnits(cpu),
    memory: memory === undefined ? undefined : parseMemoryMib(memory),
    pidMode: request.pidMode,
    ipcMode: request.ipcMode,
    containers: (request.containerDefinitions ?? []).map((container) =>
      assignedContainer(container, overrideOf(container), networkMode),
    ),
    volumes: (request.volumes ?? []).map(assignedVolume),
  };
}

/** Modes without an implementation are refused when a definition is registered. ECS's default on Linux is bridge. */
const networkModeOf = (mode: string | undefined): AssignedTask['networkMode'] =>
  mode === 'host' || mode === 'none' ? mode : 'bridge';

function assignedContainer(
  container: ContainerDefinition,
  override: ContainerOverride | undefined,
  networkMode: AssignedTask['networkMode'],
): AssignedContainer {
  const { name = '', image = '', essential, dockerLabels, mountPoints, volumesFrom, dependsOn } = container;
  return {
    name,
    image,
    essential: essential ?? true,
    cpu: override?.cpu ?? container.cpu ?? 0,
    memory: override?.memory ?? container.memory,
    memoryReservation: override?.memoryReservation ?? container.memoryReservation,
    portMappings: assignedPorts(container, networkMode),
    environment: mergedEnvironment(container.environment ?? [], override?.environment ?? []),
    command: override?.command ?? container.command,
    dockerLabels: dockerLabels ?? {},
    mountPoints: mountPoints ?? [],
    volumesFrom: volumesFrom ?? [],
    dependsOn: dependsOn ?? [],
    ...asDefined(container),
  };
}

/** What no override and no default changes. */
const asDefined = (container: ContainerDefinition) => ({
  entryPoint: container.entryPoint,
  workingDirectory: container.workingDirectory,
  user: container.user,
  hostname: container.hostname,
  privileged: container.privileged,
  readonlyRootFilesystem: container.readonlyRootFilesystem,
  interactive: container.interactive,
  pseudoTerminal: container.pseudoTerminal,
  disableNetworking: container.disableNetworking,
  links: container.links,
  dockerSecurityOptions: container.dockerSecurityOptions,
  dnsServers: container.dnsServers,
  dnsSearchDomains: container.dnsSearchDomains,
  extraHosts: container.extraHosts,
  ulimits: container.ulimits,
  systemControls: container.systemControls,
  linuxParameters: container.linuxParameters,
  logConfiguration: container.logConfiguration,
  healthCheck: container.healthCheck,
  stopTimeout: container.stopTimeout,
  startTimeout: container.startTimeout,
});

/** In host mode the host's port is the container's; elsewhere 0 means a port of Docker's choice. */
const assignedPorts = (
  { portMappings }: ContainerDefinition,
  networkMode: AssignedTask['networkMode'],
): AssignedContainer['portMappings'] =>
  (portMappings ?? []).map((mapping) => ({
    ...mapping,
    hostPort: networkMode === 'host' ? mapping.containerPort : (mapping.hostPort ?? 0),
    protocol: mapping.protocol ?? 'tcp',
  }));

/** A variable of the override takes the place of the definition's of that name; new ones follow. */
function mergedEnvironment(defined: readonly KeyValuePair[], overriding: readonly KeyValuePair[]): KeyValuePair[] {
  const merged = new Map([...defined, ...overriding].map(({ name = '', value = '' }) => [name, value]));
  return [...merged].map(([name, value]) => ({ name, value }));
}

function assignedVolume({ name = '', host, dockerVolumeConfiguration: docker }: Volume): AssignedVolume {
  if (!docker) return { name, hostPath: host?.sourcePath || undefined };
  const { scope = 'task', autoprovision = false, driver, driverOpts, labels } = docker;
  return { name, docker: { scope, autoprovision, driver, driverOpts, labels } };
}
