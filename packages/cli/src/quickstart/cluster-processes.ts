/** A controller and agents as processes of their own: how `mini-ecs controller` and `mini-ecs agent` are started on this machine. */
import {
  DescribeContainerInstancesCommand,
  ListContainerInstancesCommand,
  type ContainerInstance,
  type ECSClient,
} from '@aws-sdk/client-ecs';
import { fileURLToPath } from 'node:url';
import type { ClientSettings } from '../client-settings.ts';
import { ManagedProcess, type ManagedProcessOptions } from './managed-process.ts';
import { waitUntil, type Waiting } from './wait-until.ts';

const program = fileURLToPath(new URL('../../bin/mini-ecs.js', import.meta.url));

type ProcessOptions = Pick<ManagedProcessOptions, 'environment' | 'logFile' | 'onCrash'>;

export interface ControllerProcessOptions extends ProcessOptions {
  dataDir: string;
  apiPort: number;
  agentPort: number;
  /** Where agents may connect. */
  agentHosts: readonly string[];
  accessKey: Pick<ClientSettings, 'accessKeyId' | 'secretAccessKey'>;
}

export function controllerProcess(options: ControllerProcessOptions): ManagedProcess {
  const { dataDir, apiPort, agentPort, agentHosts, accessKey, environment, ...rest } = options;
  return new ManagedProcess({
    ...rest,
    name: 'controller',
    command: [process.execPath, program, 'controller'],
    environment: {
      ...environment,
      MINI_ECS_DATA_DIR: dataDir,
      MINI_ECS_API_PORT: String(apiPort),
      MINI_ECS_AGENT_PORT: String(agentPort),
      MINI_ECS_AGENT_HOST: agentHosts.join(','),
      MINI_ECS_BOOTSTRAP_ACCESS_KEY: `${accessKey.accessKeyId}:${accessKey.secretAccessKey}`,
    },
  });
}

export interface AgentProcessOptions extends ProcessOptions {
  /** Its host's name. */
  hostname: string;
  /** Where published ports of its host are reached. */
  address: string;
  zone: string;
  cluster: string;
  /** `host:port` of the controllers' agent ports, separated by commas. */
  controller: string;
  dockerSocket: string;
  dataDir: string;
  /** Puts a command inside the host. */
  enter?: (command: readonly string[]) => string[];
}

export function agentProcess(options: AgentProcessOptions): ManagedProcess {
  const { hostname, address, zone, cluster, controller, dockerSocket, dataDir, enter, environment, ...rest } = options;
  const command = [process.execPath, program, 'agent'];
  return new ManagedProcess({
    ...rest,
    name: `agent of ${hostname}`,
    command: enter ? enter(command) : command,
    environment: {
      ...environment,
      MINI_ECS_AGENT_DATA_DIR: dataDir,
      MINI_ECS_CONTROLLER: controller,
      MINI_ECS_CLUSTER: cluster,
      MINI_ECS_HOSTNAME: hostname,
      MINI_ECS_ADDRESS: address,
      MINI_ECS_AVAILABILITY_ZONE: zone,
      MINI_ECS_DOCKER_SOCKET: dockerSocket,
    },
  });
}

/** Waits until the API answers and reaches its store. */
export async function waitForController(endpoint: string, controller: ManagedProcess, waiting: Waiting): Promise<void> {
  await waitUntil(
    `The controller does not answer at ${endpoint}`,
    async () => {
      const response = await fetch(`${endpoint}/-/health`, { signal: AbortSignal.timeout(1_000) });
      await response.body?.cancel();
      return response.ok || undefined;
    },
    { intervalMs: 25, hopeless: () => (controller.isRunning ? undefined : 'The controller ended'), ...waiting },
  ).catch((error: unknown) => {
    throw withLog(error, controller);
  });
}

/** Waits until so many container instances are ACTIVE with their agents connected. */
export function waitForAgents(client: ECSClient, cluster: string, count: number, waiting: Waiting): Promise<ContainerInstance[]> {
  return waitUntil(
    `${count} agents have not joined cluster ${cluster}`,
    async () => {
      const { containerInstanceArns = [] } = await client.send(new ListContainerInstancesCommand({ cluster }));
      if (containerInstanceArns.length < count) return undefined;
      const described = await client.send(
        new DescribeContainerInstancesCommand({ cluster, containerInstances: containerInstanceArns }),
      );
      const joined = (described.containerInstances ?? []).filter(
        ({ agentConnected, status }) => agentConnected && status === 'ACTIVE',
      );
      return joined.length >= count ? joined : undefined;
    },
    { intervalMs: 50, ...waiting },
  );
}

/** The error, with what the program wrote last. */
export function withLog(error: unknown, failed: ManagedProcess): Error {
  const message = error instanceof Error ? error.message : String(error);
  return new Error(`${message}\nThe ${failed.name} wrote last:\n${failed.lastLines()}`, { cause: error });
}
