/** Enums, lengths and ranges of RegisterTaskDefinition, from the API reference. What spans several members is in the other files. */
import {
  ApplicationProtocol,
  Compatibility,
  ContainerCondition,
  CPUArchitecture,
  DeviceCgroupPermission,
  IpcMode,
  LogDriver,
  NetworkMode,
  PidMode,
  Scope,
  TaskDefinitionPlacementConstraintType,
  TransportProtocol,
  UlimitName,
  VersionConsistency,
  type ContainerDefinition,
  type ContainerDependency,
  type Device,
  type DockerVolumeConfiguration,
  type HealthCheck,
  type LinuxParameters,
  type LogConfiguration,
  type PortMapping,
  type RegisterTaskDefinitionRequest,
  type RuntimePlatform,
  type TaskDefinitionPlacementConstraint,
  type Tmpfs,
  type Ulimit,
  type Volume,
} from '@aws-sdk/client-ecs';
import { limits, list, members, oneOf, range, text } from '../limits.ts';
import { namePattern } from '../references.ts';

const nameRule = 'up to 255 letters, numbers, hyphens and underscores';
/** An empty name is told as a missing one, in ECS's own words. */
const containerName = /^[a-zA-Z0-9_-]*$/;
const largest = 2 ** 31 - 1;

const portMapping = members<PortMapping>({
  containerPort: range(0, 65535),
  hostPort: range(0, 65535),
  protocol: oneOf(Object.values(TransportProtocol)),
  appProtocol: oneOf(Object.values(ApplicationProtocol)),
  containerPortRange: text({ pattern: /^\d{1,5}-\d{1,5}$/, rule: 'two ports, such as 8000-8010' }),
});

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html */
const healthCheck = members<HealthCheck>({
  command: list({ least: 1 }),
  interval: range(5, 300),
  timeout: range(2, 120),
  retries: range(1, 10),
  startPeriod: range(0, 300),
});

const linuxParameters = members<LinuxParameters>({
  devices: list<Device>({ each: members<Device>({ permissions: list({ each: oneOf(Object.values(DeviceCgroupPermission)) }) }) }),
  sharedMemorySize: range(1, largest),
  tmpfs: list<Tmpfs>({ each: members<Tmpfs>({ containerPath: text({ least: 1 }), size: range(1, largest) }) }),
  maxSwap: range(0, largest),
  swappiness: range(0, 100),
});

/** `local` and `none` are Docker's own; the ECS agent takes them too. */
const logConfiguration = members<LogConfiguration>({ logDriver: oneOf([...Object.values(LogDriver), 'local', 'none']) });

const containerDefinition = members<ContainerDefinition>({
  name: text({ most: 255, pattern: containerName, rule: nameRule }),
  image: text({ most: 255, pattern: /^[\w./:@#+-]*$/, rule: 'letters, numbers and the characters - _ : . / @ #' }),
  cpu: range(0, largest),
  // Docker refuses less.
  memory: range(4, largest),
  memoryReservation: range(4, largest),
  portMappings: list({ most: 100, each: portMapping }),
  dependsOn: list({ each: members<ContainerDependency>({ condition: oneOf(Object.values(ContainerCondition)) }) }),
  startTimeout: range(0, largest),
  stopTimeout: range(0, largest),
  versionConsistency: oneOf(Object.values(VersionConsistency)),
  ulimits: list({ each: members<Ulimit>({ name: oneOf(Object.values(UlimitName)) }) }),
  healthCheck,
  linuxParameters,
  logConfiguration,
});

const volume = members<Volume>({
  name: text({ most: 255, pattern: namePattern, rule: nameRule }),
  dockerVolumeConfiguration: members<DockerVolumeConfiguration>({ scope: oneOf(Object.values(Scope)) }),
});

export const checkTaskDefinitionLimits = limits<RegisterTaskDefinitionRequest>(
  {
    family: text({ least: 1, most: 255, pattern: namePattern, rule: nameRule }),
    networkMode: oneOf(Object.values(NetworkMode)),
    requiresCompatibilities: list({ each: oneOf(Object.values(Compatibility)) }),
    pidMode: oneOf(Object.values(PidMode)),
    ipcMode: oneOf(Object.values(IpcMode)),
    runtimePlatform: members<RuntimePlatform>({ cpuArchitecture: oneOf(Object.values(CPUArchitecture)) }),
    containerDefinitions: list({ most: 10, each: containerDefinition }),
    volumes: list({ each: volume }),
    placementConstraints: list({
      most: 10,
      each: members<TaskDefinitionPlacementConstraint>({ type: oneOf(Object.values(TaskDefinitionPlacementConstraintType)) }),
    }),
  },
  'ClientException',
);
