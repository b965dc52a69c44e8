import type {
  ContainerDependency,
  HealthCheck,
  HostEntry,
  KeyValuePair,
  LinuxParameters,
  LogConfiguration,
  MountPoint,
  PortMapping,
  SystemControl,
  Ulimit,
  VolumeFrom,
} from '@aws-sdk/client-ecs';

/**
 * What an agent needs to run a task: the task definition with the task's overrides applied.
 * Travels as JSON in `Assignment.spec`; names and units are those of ECS's task definition.
 */
export interface AssignedTask {
  /** Rendered with the controller's region; goes into labels. */
  taskArn: string;
  /** Short name. */
  cluster: string;
  clusterArn: string;
  family: string;
  revision: number;
  group: string;
  startedBy?: string;
  serviceName?: string;
  networkMode: 'bridge' | 'host' | 'none';
  /** CPU units of the whole task; undefined: only the containers' limits hold. */
  cpu?: number;
  /** MiB of the whole task. */
  memory?: number;
  pidMode?: 'host' | 'task';
  ipcMode?: 'host' | 'task' | 'none';
  containers: AssignedContainer[];
  volumes: AssignedVolume[];
}

export interface AssignedContainer {
  name: string;
  image: string;
  essential: boolean;
  /** CPU units; Docker's CPU shares. 0: the minimum of 2 shares, as on ECS. */
  cpu: number;
  /** Hard limit, MiB. */
  memory?: number;
  /** Soft limit, MiB. */
  memoryReservation?: number;
  portMappings: PortMapping[];
  environment: KeyValuePair[];
  command?: string[];
  entryPoint?: string[];
  workingDirectory?: string;
  user?: string;
  hostname?: string;
  privileged?: boolean;
  readonlyRootFilesystem?: boolean;
  interactive?: boolean;
  pseudoTerminal?: boolean;
  disableNetworking?: boolean;
  links?: string[];
  dockerLabels: Record<string, string>;
  dockerSecurityOptions?: string[];
  dnsServers?: string[];
  dnsSearchDomains?: string[];
  extraHosts?: HostEntry[];
  ulimits?: Ulimit[];
  systemControls?: SystemControl[];
  linuxParameters?: LinuxParameters;
  logConfiguration?: LogConfiguration;
  mountPoints: MountPoint[];
  volumesFrom: VolumeFrom[];
  dependsOn: ContainerDependency[];
  healthCheck?: HealthCheck;
  /** Seconds between SIGTERM and SIGKILL; undefined: the agent's default of 30. */
  stopTimeout?: number;
  /** Seconds a dependency may take; undefined: no limit. */
  startTimeout?: number;
}

export interface AssignedVolume {
  name: string;
  /** A path of the host; undefined with no docker settings: a volume of the task's own. */
  hostPath?: string;
  docker?: {
    scope: 'task' | 'shared';
    autoprovision: boolean;
    driver?: string;
    driverOpts?: Record<string, string>;
    labels?: Record<string, string>;
  };
}
