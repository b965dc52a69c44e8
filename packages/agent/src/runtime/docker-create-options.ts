/**
 * ECS's container settings in Docker's words, as the ECS agent translates them.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
 */
import type { AssignedContainer, AssignedTask } from '@mini-ecs/shared';
import type { ContainerCreateOptions, HealthConfig, HostConfig } from 'dockerode';
import { containerPorts } from '../domain/container-ports.ts';
import type { CreateRequest } from '../domain/create-request.ts';

const mib = 1024 * 1024;
const nanosecondsPerSecond = 1_000_000_000;
/** Linux's least share; what a container with `cpu: 0` gets on ECS. */
const minimumCpuShares = 2;
/** Docker refuses less. */
const minimumMemory = 6 * mib;
/** A log that nobody reads must not fill the host. */
const logRotation = { 'max-size': '10m', 'max-file': '3' };

export function dockerCreateOptions(request: CreateRequest): ContainerCreateOptions {
  const { container } = request;
  return {
    name: request.name,
    Image: container.image,
    Labels: { ...container.dockerLabels, ...request.labels },
    Env: container.environment.map(({ name, value }) => `${name}=${value ?? ''}`),
    Cmd: container.command,
    Entrypoint: container.entryPoint,
    WorkingDir: container.workingDirectory,
    User: container.user,
    Hostname: container.hostname,
    Tty: container.pseudoTerminal,
    OpenStdin: container.interactive,
    NetworkDisabled: container.disableNetworking,
    ExposedPorts: exposedPorts(request),
    Healthcheck: healthConfig(container),
    HostConfig: hostConfig(request),
  };
}

function hostConfig(request: CreateRequest): HostConfig {
  const { container, task } = request;
  return {
    ...resourceLimits(container, task),
    ...linuxSettings(container),
    NetworkMode: container.disableNetworking ? 'none' : task.networkMode,
    PortBindings: portBindings(request),
    // A container of a task lives once: what replaces it is a new task.
    RestartPolicy: { Name: 'no' },
    Privileged: container.privileged,
    ReadonlyRootfs: container.readonlyRootFilesystem,
    Dns: container.dnsServers,
    DnsSearch: container.dnsSearchDomains,
    ExtraHosts: container.extraHosts?.map((host) => `${host.hostname}:${host.ipAddress}`),
    Links: container.links?.map((link) => linkWithRuntimeName(link, request.names)),
    SecurityOpt: container.dockerSecurityOptions,
    Ulimits: container.ulimits?.map((limit) => ({ Name: limit.name!, Soft: limit.softLimit!, Hard: limit.hardLimit! })),
    Sysctls:
      container.systemControls && Object.fromEntries(container.systemControls.map((each) => [each.namespace!, each.value!])),
    Binds: binds(request),
    VolumesFrom: container.volumesFrom.map(
      (from) => `${request.names[from.sourceContainer ?? ''] ?? from.sourceContainer}${from.readOnly ? ':ro' : ''}`,
    ),
    PidMode: sharedNamespace(task.pidMode, request),
    IpcMode: ipcMode(request),
    LogConfig: logConfig(container),
  };
}

function resourceLimits(container: AssignedContainer, task: AssignedTask): HostConfig {
  const memory = container.memory ?? task.memory;
  return {
    CpuShares: cpuShares(container, task),
    Memory: memory === undefined ? undefined : Math.max(memory * mib, minimumMemory),
    MemoryReservation: container.memoryReservation === undefined ? undefined : container.memoryReservation * mib,
  };
}

/** A container without a share of its own takes an equal part of what the task has left. */
function cpuShares(container: AssignedContainer, task: AssignedTask): number {
  if (container.cpu > 0 || task.cpu === undefined) return Math.max(container.cpu, minimumCpuShares);
  const taken = task.containers.reduce((sum, each) => sum + each.cpu, 0);
  const sharers = task.containers.filter((each) => each.cpu === 0).length;
  return Math.max(Math.floor((task.cpu - taken) / Math.max(sharers, 1)), minimumCpuShares);
}

function linuxSettings({ linuxParameters: linux, memory }: AssignedContainer): HostConfig {
  if (!linux) return {};
  return {
    Init: linux.initProcessEnabled,
    CapAdd: linux.capabilities?.add,
    CapDrop: linux.capabilities?.drop,
    ShmSize: linux.sharedMemorySize === undefined ? undefined : linux.sharedMemorySize * mib,
    MemorySwappiness: linux.swappiness,
    // ECS's maxSwap is the swap alone, Docker's MemorySwap is memory and swap together.
    MemorySwap: linux.maxSwap === undefined || memory === undefined ? undefined : (memory + linux.maxSwap) * mib,
    Tmpfs:
      linux.tmpfs &&
      Object.fromEntries(
        linux.tmpfs.map((each) => [each.containerPath!, [`size=${each.size}m`, ...(each.mountOptions ?? [])].join(',')]),
      ),
    Devices: linux.devices?.map((device) => ({
      PathOnHost: device.hostPath,
      PathInContainer: device.containerPath ?? device.hostPath,
      CgroupPermissions: (device.permissions ?? ['read', 'write', 'mknod']).map((permission) => permission[0]).join(''),
    })),
  };
}

/** `8080/tcp` → the static host port, '' for a dynamic one. Only a bridge publishes. */
function publishedPorts({ task, container }: CreateRequest): Map<string, string> {
  const ports = new Map<string, string>();
  if (task.networkMode !== 'bridge' || container.disableNetworking) return ports;
  for (const mapping of container.portMappings) {
    const protocol = mapping.protocol ?? 'tcp';
    for (const port of containerPorts(mapping))
      ports.set(`${port}/${protocol}`, mapping.hostPort ? String(mapping.hostPort) : '');
  }
  return ports;
}

const exposedPorts = (request: CreateRequest): ContainerCreateOptions['ExposedPorts'] =>
  Object.fromEntries([...publishedPorts(request).keys()].map((port) => [port, {}]));

const portBindings = (request: CreateRequest): HostConfig['PortBindings'] =>
  Object.fromEntries([...publishedPorts(request)].map(([port, hostPort]) => [port, [{ HostPort: hostPort }]]));

function binds({ container, task, volumes }: CreateRequest): string[] {
  return container.mountPoints.flatMap((mount) => {
    const volume = task.volumes.find((each) => each.name === mount.sourceVolume);
    const source = volume?.hostPath ?? volumes[mount.sourceVolume ?? ''];
    if (source === undefined || mount.containerPath === undefined) return [];
    return [`${source}:${mount.containerPath}${mount.readOnly ? ':ro' : ''}`];
  });
}

function linkWithRuntimeName(link: string, names: Record<string, string>): string {
  const [target = '', alias = target] = link.split(':');
  return `${names[target] ?? target}:${alias}`;
}

/** The task's first container owns the namespaces that the others join; ECS has a pause container for it. */
function sharedNamespace(
  mode: 'host' | 'task' | 'none' | undefined,
  { task, container, names }: CreateRequest,
): string | undefined {
  const owner = task.containers[0]?.name ?? '';
  if (mode !== 'task') return mode;
  return container.name === owner ? undefined : `container:${names[owner]}`;
}

function ipcMode(request: CreateRequest): string | undefined {
  const mode = request.task.ipcMode;
  return mode === 'task' ? (sharedNamespace(mode, request) ?? 'shareable') : mode;
}

function healthConfig({ healthCheck }: AssignedContainer): HealthConfig | undefined {
  if (!healthCheck?.command) return undefined;
  const { command, interval = 30, timeout = 5, retries = 3, startPeriod = 0 } = healthCheck;
  return {
    Test: command,
    Interval: interval * nanosecondsPerSecond,
    Timeout: timeout * nanosecondsPerSecond,
    Retries: retries,
    StartPeriod: startPeriod * nanosecondsPerSecond,
  };
}

/** There is no CloudWatch here: `awslogs` becomes a local log, which `mini-ecs logs` reads. */
function logConfig({ logConfiguration }: AssignedContainer): HostConfig['LogConfig'] {
  const driver = logConfiguration?.logDriver ?? 'awslogs';
  if (driver === 'awslogs') return { Type: 'json-file', Config: logRotation };
  const rotation = driver === 'json-file' ? logRotation : {};
  return { Type: driver, Config: { ...rotation, ...logConfiguration?.options } };
}
