/**
 * What ECS checks of the containers of a task definition, beyond limits of single members. Each check throws ClientException.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
 */
import type { ContainerDefinition, PortMapping, RegisterTaskDefinitionRequest } from '@aws-sdk/client-ecs';
import { ApiError } from '../api-error.ts';

export const refuse = (message: string): never => {
  throw new ApiError('ClientException', message);
};

type NetworkMode = 'bridge' | 'host' | 'none';

export function checkContainers(request: RegisterTaskDefinitionRequest, taskMemory: number | undefined): void {
  const containers = request.containerDefinitions ?? [];
  if (containers.length === 0) refuse('Container list cannot be empty.');
  const networkMode = (request.networkMode ?? 'bridge') as NetworkMode;
  const names = new Set<string>();
  for (const container of containers) {
    const { name, image } = container;
    if (!name) return refuse('Container.name should not be null or empty.');
    if (!image) return refuse('Container.image should not be null or empty.');
    if (names.has(name)) refuse(`Invalid 'containerDefinitions' setting: the container name '${name}' is used twice.`);
    names.add(name);
    checkMemory(container, taskMemory);
    checkHealthCheck(container);
    checkPortMappings(container, networkMode);
    checkKernelSettings(container, networkMode);
  }
  if (containers.every(({ essential }) => essential === false)) {
    refuse("Invalid 'containerDefinitions' setting: at least one container must be essential.");
  }
  checkHostPorts(containers, networkMode);
}

// ── memory ──

function checkMemory({ name, memory, memoryReservation }: ContainerDefinition, taskMemory: number | undefined): void {
  if (memory === undefined && memoryReservation === undefined && taskMemory === undefined) {
    refuse(`Invalid setting for container '${name}'. At least one of 'memory' or 'memoryReservation' must be specified.`);
  }
  if (memory !== undefined && memoryReservation !== undefined && memoryReservation > memory) {
    refuse(`Invalid setting for container '${name}'. 'memory' must be greater than 'memoryReservation'.`);
  }
  if (taskMemory !== undefined && (memory ?? 0) > taskMemory) {
    refuse(
      `Invalid setting for container '${name}'. 'memory' (${memory} MiB) cannot exceed the task's memory (${taskMemory} MiB).`,
    );
  }
}

// ── health ──

function checkHealthCheck({ name, healthCheck }: ContainerDefinition): void {
  const kind = healthCheck?.command?.[0];
  if (kind === undefined) return;
  if (!['CMD', 'CMD-SHELL', 'NONE'].includes(kind)) {
    refuse(`Invalid setting for container '${name}'. healthCheck.command must begin with CMD or CMD-SHELL, not '${kind}'.`);
  }
  if (kind !== 'NONE' && healthCheck?.command?.length === 1) {
    refuse(`Invalid setting for container '${name}'. healthCheck.command names no command after ${kind}.`);
  }
}

// ── ports ──

function checkPortMappings(
  { name, portMappings, links, disableNetworking }: ContainerDefinition,
  networkMode: NetworkMode,
): void {
  const mappings = portMappings ?? [];
  if (networkMode === 'none' && mappings.length > 0) {
    refuse(`Invalid setting for container '${name}'. portMappings are not valid when networkMode=none.`);
  }
  if (networkMode !== 'bridge' && (links ?? []).length > 0) {
    refuse(`Invalid setting for container '${name}'. links are only valid when networkMode=bridge.`);
  }
  if (disableNetworking && mappings.length > 0) {
    refuse(`Invalid setting for container '${name}'. portMappings are not valid with disableNetworking.`);
  }
  for (const mapping of mappings) checkPortMapping(name ?? '', mapping, networkMode);
}

function checkPortMapping(container: string, mapping: PortMapping, networkMode: NetworkMode): void {
  const { containerPort, hostPort, containerPortRange } = mapping;
  if (containerPortRange !== undefined) return checkPortRange(container, mapping, networkMode);
  if (!containerPort) {
    return refuse(`Invalid setting for container '${container}'. A port mapping needs a containerPort between 1 and 65535.`);
  }
  if (networkMode === 'host' && hostPort !== undefined && hostPort !== 0 && hostPort !== containerPort) {
    refuse('When networkMode=host, the host ports and container ports in port mappings must match.');
  }
}

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html: `containerPortRange` */
function checkPortRange(
  container: string,
  { containerPort, hostPort, containerPortRange }: PortMapping,
  networkMode: NetworkMode,
): void {
  const at = `Invalid setting for container '${container}'. `;
  if (networkMode !== 'bridge') refuse(`${at}containerPortRange is only valid when networkMode=bridge.`);
  if (containerPort || hostPort) refuse(`${at}A port mapping takes a containerPortRange or ports, not both.`);
  const [first = 0, last = 0] = (containerPortRange ?? '').split('-').map(Number);
  if (first < 1 || last > 65535 || first > last) refuse(`${at}'${containerPortRange}' is no range of ports between 1 and 65535.`);
}

/** Static host ports must not collide within the task; ports on the host of all tasks are the scheduler's business. */
function checkHostPorts(containers: readonly ContainerDefinition[], networkMode: NetworkMode): void {
  const takenBy = new Map<string, string>();
  for (const { name = '', portMappings } of containers) {
    for (const { containerPort = 0, hostPort = 0, protocol = 'tcp' } of portMappings ?? []) {
      const port = networkMode === 'host' ? containerPort : hostPort;
      if (port === 0) continue;
      const key = `${port}/${protocol}`;
      const other = takenBy.get(key);
      if (other !== undefined)
        refuse(`Invalid 'portMappings' setting: host port ${key} is used twice (containers '${other}' and '${name}').`);
      takenBy.set(key, name);
    }
  }
}

// ── kernel ──

function checkKernelSettings({ name, ulimits, systemControls }: ContainerDefinition, networkMode: NetworkMode): void {
  for (const { name: limit, softLimit = 0, hardLimit = 0 } of ulimits ?? []) {
    // -1: unlimited
    if (hardLimit !== -1 && (softLimit === -1 || softLimit > hardLimit)) {
      refuse(`Invalid setting for container '${name}'. The soft limit of ulimit '${limit}' exceeds its hard limit.`);
    }
  }
  for (const { namespace, value } of systemControls ?? []) {
    if (!namespace || value === undefined)
      refuse(`Invalid setting for container '${name}'. A system control needs a namespace and a value.`);
    if (networkMode === 'host' && namespace?.startsWith('net.')) {
      refuse(`Invalid setting for container '${name}'. The system control '${namespace}' is not valid when networkMode=host.`);
    }
  }
}
