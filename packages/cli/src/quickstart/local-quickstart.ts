/**
 * The quickstart where no lab is possible (not root, or not Linux): one agent on the Docker Engine that is there. Containers of a
 * killed run are adopted by the next one, since its data stays until a run ends as it should.
 */
import { CreateClusterCommand } from '@aws-sdk/client-ecs';
import {
  busyboxRootfs,
  importImage,
  installMissing,
  removeContainers,
  removeImage,
  sampleImage,
  staticBusybox,
} from '@mini-ecs/lab';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { createEcsClient } from '../api-client.ts';
import type { ClientSettings } from '../client-settings.ts';
import { createJoinToken } from '../join-tokens.ts';
import { agentProcess, controllerProcess, waitForAgents, waitForController } from './cluster-processes.ts';
import type { ManagedProcess } from './managed-process.ts';
import type { UpOptions } from './options.ts';
import { advice, type QuickstartCluster, type StartedCluster } from './quickstart-cluster.ts';
import type { Steps } from './steps.ts';
import { isMiniEcs } from './up-lock.ts';
import { waitUntil } from './wait-until.ts';

/** Made of the machine's busybox where there is one; otherwise pulled. */
const publicImage = 'busybox:1.36';

export class LocalQuickstart implements QuickstartCluster {
  readonly image = staticBusybox() ? sampleImage : publicImage;
  readonly #options: UpOptions;
  readonly #folder: string;
  readonly #dockerSocket = (process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock').replace(/^unix:\/\//, '');
  #controller?: ManagedProcess;
  #agent?: ManagedProcess;
  #instanceId?: string;

  constructor(options: UpOptions, folder: string) {
    this.#options = options;
    this.#folder = folder;
  }

  async prepare(steps: Steps): Promise<void> {
    if (!this.#options.local) steps.say('Several hosts need Linux and root: this is one, on the Docker Engine of this machine.');
    await steps.run('Redis is there', advice.programs, () => installMissing(['redis-server'], (line) => steps.say(line)));
    const startDocker = `start Docker, and see that you may use ${this.#dockerSocket} (group docker), or set DOCKER_HOST.`;
    await steps.run(`Docker answers at ${this.#dockerSocket}`, startDocker, async () => {
      // An import of nothing is refused at once when the engine is not there.
      if (this.image === sampleImage) await importImage(this.#dockerSocket, busyboxRootfs(), [sampleImage]);
    });
    await this.#endProcessesOfKilledRun();
  }

  async start(steps: Steps, signal: AbortSignal): Promise<StartedCluster> {
    const { cluster, apiPort, region, accessKey } = this.#options;
    const settings: ClientSettings = { endpoint: `http://127.0.0.1:${apiPort}`, region, ...accessKey };
    const seeLogs = advice.logs(path.join(this.#folder, 'logs'));
    const [controller, agent] = this.#createProcesses(steps);
    const client = createEcsClient(settings);
    controller.start();
    await steps.run(`Controller and Redis answer at ${settings.endpoint}`, seeLogs, async () => {
      await waitForController(settings.endpoint, controller, { timeoutMs: 20_000, signal });
      await client.send(new CreateClusterCommand({ clusterName: cluster }));
    });
    const { token } = await createJoinToken(settings, { cluster });
    agent.start({ MINI_ECS_JOIN_TOKEN: token });
    await this.#recordProcesses();
    const [instance] = await steps.run(`The agent has joined cluster ${cluster}`, seeLogs, () =>
      waitForAgents(client, cluster, 1, { timeoutMs: 30_000, signal }),
    );
    client.destroy();
    this.#instanceId = instance?.containerInstanceArn?.split('/').at(-1);
    return { settings, controllerDataDir: this.#folder };
  }

  /** Unlike a lab's, this engine goes on: what the agent made there is removed once nobody would replace it. */
  async remove(): Promise<void> {
    await this.#agent?.stop();
    await this.#controller?.stop();
    if (!this.#instanceId) return;
    const { instanceLabel } = await import('@mini-ecs/agent');
    await removeContainers(this.#dockerSocket, `${instanceLabel}=${this.#instanceId}`);
    // Another quickstart on this engine may use it still.
    if (this.image === sampleImage) await removeImage(this.#dockerSocket, sampleImage).catch(() => undefined);
  }

  #createProcesses(steps: Steps): [ManagedProcess, ManagedProcess] {
    const { cluster, apiPort, agentPort, accessKey } = this.#options;
    const common = (name: string) => ({
      environment: process.env,
      logFile: path.join(this.#folder, 'logs', `${name}.log`),
      onCrash: (how: string) => steps.say(`The ${name} ended (${how}); it is started again.`),
    });
    const controller = controllerProcess({
      ...common('controller'),
      dataDir: this.#folder,
      apiPort,
      agentPort,
      agentHosts: ['127.0.0.1'],
      accessKey,
    });
    const agent = agentProcess({
      ...common('agent'),
      hostname: hostname(),
      address: '127.0.0.1',
      zone: 'us-east-1a',
      cluster,
      controller: `127.0.0.1:${agentPort}`,
      dockerSocket: this.#dockerSocket,
      dataDir: path.join(this.#folder, 'agent'),
    });
    this.#controller = controller;
    this.#agent = agent;
    return [controller, agent];
  }

  get #processesFile(): string {
    return path.join(this.#folder, 'processes.json');
  }

  async #recordProcesses(): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    await writeFile(this.#processesFile, JSON.stringify([this.#controller?.pid, this.#agent?.pid]));
  }

  async #endProcessesOfKilledRun(): Promise<void> {
    const text = await readFile(this.#processesFile, 'utf8').catch(() => '[]');
    for (const pid of JSON.parse(text) as (number | null)[]) {
      if (!pid || !isMiniEcs(pid)) continue;
      process.kill(pid, 'SIGTERM');
      await waitUntil(`process ${pid} to end`, () => Promise.resolve(!isMiniEcs(pid) || undefined), { timeoutMs: 15_000 });
    }
  }
}
