/** A cluster on a lab: one controller or more beside the lab, and inside each host an agent. All of it ends with the lab. */
import type { ContainerInstance, ECSClient } from '@aws-sdk/client-ecs';
import type { Lab, LabHost } from '@mini-ecs/lab';
import path from 'node:path';
import type { ClientSettings } from '../client-settings.ts';
import { createJoinToken } from '../join-tokens.ts';
import { agentProcess, controllerProcess, waitForAgents, waitForController, withLog } from './cluster-processes.ts';
import type { ManagedProcess } from './managed-process.ts';
import type { Waiting } from './wait-until.ts';

export interface ControllerPorts {
  apiPort: number;
  agentPort: number;
}

export interface LabClusterOptions {
  lab: Lab;
  logFolder: string;
  apiPort: number;
  agentPort: number;
  /** Of further controllers on the first one's data directory, and so on its Redis. */
  furtherControllers?: readonly ControllerPorts[];
  cluster: string;
  accessKey: Pick<ClientSettings, 'accessKeyId' | 'secretAccessKey'>;
  region: string;
  /** Of all processes, beside what they are given here. */
  environment: NodeJS.ProcessEnv;
  /** See ManagedProcess. */
  onCrash?: (name: string, how: string) => void;
}

export class LabCluster {
  readonly lab: Lab;
  /** Of the controller; in the lab's folder, as everything is that ends with the lab. */
  readonly dataDir: string;
  readonly settings: ClientSettings;
  /** The first of them. */
  readonly controller: ManagedProcess;
  readonly controllers: readonly ManagedProcess[];
  /** In the order of the lab's hosts. */
  readonly agents: readonly ManagedProcess[];
  readonly #options: LabClusterOptions;

  constructor(options: LabClusterOptions) {
    const { lab, apiPort, agentPort, furtherControllers = [], accessKey, region } = options;
    this.#options = options;
    this.lab = lab;
    this.dataDir = path.join(lab.folder, 'controller');
    this.settings = { endpoint: `http://127.0.0.1:${apiPort}`, region, ...accessKey };
    this.controller = this.#controller('controller', { apiPort, agentPort });
    const further = furtherControllers.map((ports, index) => this.#controller(`controller-${index + 2}`, ports));
    this.controllers = [this.controller, ...further];
    this.agents = lab.hosts.map((host) => this.#agent(host));
  }

  waitForController(waiting: Waiting): Promise<void> {
    return waitForController(this.settings.endpoint, this.controller, waiting);
  }

  /** Starts the agents, with a join token for all of them, and waits until they have joined. The engines run, and the cluster exists. */
  async joinAgents(client: ECSClient, waiting: Waiting): Promise<ContainerInstance[]> {
    const { cluster } = this.#options;
    const { token } = await createJoinToken(this.settings, { cluster, uses: this.agents.length });
    for (const agent of this.agents) agent.start({ MINI_ECS_JOIN_TOKEN: token });
    const ended = (): ManagedProcess | undefined => this.agents.find(({ isRunning }) => !isRunning);
    const hopeless = (): string | undefined => ended() && `The ${ended()?.name} ended`;
    try {
      return await waitForAgents(client, cluster, this.agents.length, { hopeless, ...waiting });
    } catch (error) {
      throw withLog(error, ended() ?? (this.agents[0] as ManagedProcess));
    }
  }

  /** Ends everything with the lab. */
  async destroy(): Promise<void> {
    for (const each of [...this.controllers, ...this.agents]) each.expectEnd();
    await this.lab.destroy();
  }

  #controller(name: string, { apiPort, agentPort }: ControllerPorts): ManagedProcess {
    const { lab, logFolder, accessKey } = this.#options;
    return controllerProcess({
      dataDir: this.dataDir,
      apiPort,
      agentPort,
      accessKey,
      agentHosts: ['127.0.0.1', lab.address],
      environment: this.#environment(),
      logFile: path.join(logFolder, `${name}.log`),
      onCrash: this.#onCrash(name),
    });
  }

  #agent(host: LabHost): ManagedProcess {
    const { agentPort, furtherControllers = [], cluster, logFolder } = this.#options;
    const agentPorts = [agentPort, ...furtherControllers.map((further) => further.agentPort)];
    return agentProcess({
      hostname: host.name,
      address: host.address,
      zone: host.zone,
      cluster,
      controller: agentPorts.map((port) => `${this.lab.address}:${port}`).join(','),
      dockerSocket: host.socket,
      dataDir: path.join(host.folder, 'agent'),
      enter: (command) => host.commandInside(command),
      environment: this.#environment(),
      logFile: path.join(logFolder, `agent-${host.number}.log`),
      onCrash: this.#onCrash(`agent of ${host.name}`),
    });
  }

  #environment(): NodeJS.ProcessEnv {
    return { ...this.#options.environment, ...this.lab.environment };
  }

  #onCrash(name: string): ((how: string) => void) | undefined {
    const { onCrash } = this.#options;
    return onCrash && ((how) => onCrash(name, how));
  }
}
