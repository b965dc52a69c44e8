/** The quickstart on Linux as root: hosts of a lab, each with a Docker Engine and an agent of its own. */
import { CreateClusterCommand } from '@aws-sdk/client-ecs';
import { clusterPrograms, installMissing, prepareLab, sampleImage, type Lab } from '@mini-ecs/lab';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { createEcsClient } from '../api-client.ts';
import { LabCluster } from './lab-cluster.ts';
import type { UpOptions } from './options.ts';
import { advice, type QuickstartCluster, type StartedCluster } from './quickstart-cluster.ts';
import type { Steps } from './steps.ts';

export class LabQuickstart implements QuickstartCluster {
  readonly image = sampleImage;
  readonly #options: UpOptions;
  readonly #folder: string;
  #lab?: Lab;
  #cluster?: LabCluster;

  constructor(options: UpOptions, folder: string) {
    this.#options = options;
    this.#folder = folder;
  }

  async prepare(steps: Steps): Promise<void> {
    await steps.run('Docker, Redis and network tools are there', advice.programs, () =>
      installMissing(clusterPrograms, (line) => steps.say(line)),
    );
    const { hosts } = this.#options;
    this.#lab = await steps.run(`Network of ${hosts} hosts`, 'run "ip link" to see which links are there.', async () => {
      const lab = await prepareLab({ hosts });
      // Only now: processes of a killed run are gone with its lab.
      await rm(this.#folder, { recursive: true, force: true });
      return lab;
    });
  }

  async start(steps: Steps, signal: AbortSignal): Promise<StartedCluster> {
    const lab = this.#lab;
    if (!lab) throw new Error('start comes after prepare');
    const { hosts, cluster } = this.#options;
    const seeLogs = advice.logs(path.join(this.#folder, 'logs'));
    const miniEcs = this.#createCluster(lab, steps);
    this.#cluster = miniEcs;
    miniEcs.controller.start();
    // Meanwhile: the controller and the engines have nothing to wait for in each other.
    const engines = lab.startEngines();
    engines.catch(() => undefined);
    const client = createEcsClient(miniEcs.settings);
    try {
      await steps.run(`Controller and Redis answer at ${miniEcs.settings.endpoint}`, seeLogs, async () => {
        await miniEcs.waitForController({ timeoutMs: 20_000, signal });
        await client.send(new CreateClusterCommand({ clusterName: cluster }));
      });
      const zones = new Set(lab.hosts.map(({ zone }) => zone)).size;
      await steps.run(
        `${hosts} Docker Engines in ${zones} zones`,
        'see whether dockerd runs on this machine at all.',
        () => engines,
      );
      await steps.run(`${hosts} agents have joined cluster ${cluster}`, seeLogs, () =>
        miniEcs.joinAgents(client, { timeoutMs: 30_000, signal }),
      );
    } finally {
      client.destroy();
    }
    return { settings: miniEcs.settings, controllerDataDir: miniEcs.dataDir };
  }

  async remove(): Promise<void> {
    await (this.#cluster ?? this.#lab)?.destroy();
  }

  #createCluster(lab: Lab, steps: Steps): LabCluster {
    const { apiPort, agentPort, cluster, region, accessKey } = this.#options;
    return new LabCluster({
      lab,
      logFolder: path.join(this.#folder, 'logs'),
      apiPort,
      agentPort,
      cluster,
      region,
      accessKey,
      environment: process.env,
      onCrash: (name, how) => steps.say(`The ${name} ended (${how}); it is started again.`),
    });
  }
}
