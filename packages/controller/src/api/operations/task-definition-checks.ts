/** Everything that RegisterTaskDefinition checks, in order: what can be checked member by member first. Pure; throws ClientException. */
import type { MountPoint, RegisterTaskDefinitionRequest, Volume } from '@aws-sdk/client-ecs';
import { parseCpuUnits, parseMemoryMib } from '../../domain/new-task.ts';
import { placementConstraintsOf } from '../placement-input.ts';
import { checkContainers, refuse } from './container-definition-checks.ts';
import { checkContainerDependencies } from './container-dependency-checks.ts';
import { checkTaskDefinitionLimits } from './task-definition-limits.ts';
import { refuseUnsupportedTaskDefinition } from './task-definition-unsupported.ts';

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html */
const mostBytes = 65_536;
/** CPU units of a task: 0.125 to 192 vCPUs, as ECS takes for tasks on container instances. */
const leastTaskCpu = 128;
const mostTaskCpu = 196_608;

export function checkTaskDefinition(request: RegisterTaskDefinitionRequest): void {
  checkSize(request);
  checkTaskDefinitionLimits(request);
  refuseUnsupportedTaskDefinition(request);
  const memory = taskMemoryOf(request);
  checkContainers(request, memory);
  checkContainerDependencies(request.containerDefinitions ?? []);
  checkSums(request, memory);
  checkVolumes(request);
  placementConstraintsOf(request.placementConstraints);
}

function checkSize(request: RegisterTaskDefinitionRequest): void {
  const size = Buffer.byteLength(JSON.stringify({ ...request, tags: undefined }));
  if (size > mostBytes) refuse(`Actual length: '${size}'. Max allowed length is '${mostBytes}' bytes.`);
}

// ── task-level CPU and memory ──

function taskMemoryOf({ memory }: RegisterTaskDefinitionRequest): number | undefined {
  if (memory === undefined) return undefined;
  const parsed = parseMemoryMib(memory);
  if (parsed === undefined || parsed < 4)
    return refuse(`Invalid 'memory' setting for task: '${memory}'. Give MiB (512) or GB (1 GB).`);
  return parsed;
}

function taskCpuOf({ cpu }: RegisterTaskDefinitionRequest): number | undefined {
  if (cpu === undefined) return undefined;
  const parsed = parseCpuUnits(cpu);
  if (parsed === undefined || parsed < leastTaskCpu || parsed > mostTaskCpu) {
    return refuse(
      `Invalid 'cpu' setting for task: '${cpu}'. Give CPU units (1024) or vCPUs (1 vCPU), between ${leastTaskCpu} and ${mostTaskCpu} units.`,
    );
  }
  return parsed;
}

/** What is reserved for the containers together must fit what is given to the task. */
function checkSums(request: RegisterTaskDefinitionRequest, taskMemory: number | undefined): void {
  const containers = request.containerDefinitions ?? [];
  const taskCpu = taskCpuOf(request);
  const cpu = containers.reduce((total, container) => total + (container.cpu ?? 0), 0);
  if (taskCpu !== undefined && cpu > taskCpu) {
    refuse(`Invalid 'cpu' setting for task: its containers reserve ${cpu} CPU units, the task has ${taskCpu}.`);
  }
  const memory = containers.reduce((total, container) => total + (container.memoryReservation ?? container.memory ?? 0), 0);
  if (taskMemory !== undefined && memory > taskMemory) {
    refuse(`Invalid 'memory' setting for task: its containers reserve ${memory} MiB, the task has ${taskMemory}.`);
  }
}

// ── volumes ──

function checkVolumes({ volumes, containerDefinitions }: RegisterTaskDefinitionRequest): void {
  const names = new Set<string>();
  for (const volume of volumes ?? []) {
    if (!volume.name) return refuse('Volume.name should not be null or empty.');
    if (names.has(volume.name)) refuse(`Invalid 'volumes' setting: the volume name '${volume.name}' is used twice.`);
    names.add(volume.name);
    checkVolume(volume);
  }
  for (const { name = '', mountPoints } of containerDefinitions ?? []) {
    for (const mountPoint of mountPoints ?? []) checkMountPoint(name, mountPoint, names);
  }
}

function checkVolume({ name, host, dockerVolumeConfiguration: docker }: Volume): void {
  const at = `Invalid setting for volume '${name}'. `;
  if (host?.sourcePath && docker) refuse(`${at}A volume takes host or dockerVolumeConfiguration, not both.`);
  if (host?.sourcePath && !host.sourcePath.startsWith('/')) refuse(`${at}host.sourcePath must be an absolute path.`);
  if (docker?.autoprovision && docker.scope !== 'shared') refuse(`${at}autoprovision is only valid with the scope shared.`);
}

function checkMountPoint(container: string, { sourceVolume, containerPath }: MountPoint, volumes: ReadonlySet<string>): void {
  if (!sourceVolume || !volumes.has(sourceVolume)) refuse(`Unknown volume '${sourceVolume ?? ''}'. (container '${container}')`);
  if (!containerPath?.startsWith('/')) {
    refuse(`Invalid setting for container '${container}'. The containerPath of a mount point must be an absolute path.`);
  }
}
