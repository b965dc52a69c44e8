/**
 * What the agent adds to Docker: the time until so many one-container tasks, assigned at once, are all told RUNNING, against
 * the same containers created and started straight through dockerode on the same engine, at the better of concurrency 1
 * and 4. Alternating pairs, medians. `node test/bench/agent-launch.ts [tasks] [pairs]`; the last line is JSON.
 */
import Docker from 'dockerode';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadAgentConfig, startAgent } from '@mini-ecs/agent';
import { newId, silentLogger } from '@mini-ecs/shared';
import { aContainer, anAssignedTask } from '../support/assigned-tasks.ts';
import { busyboxImage, startTestDockerd, type TestDockerd } from '../support/dockerd.ts';
import { eventually } from '../support/eventually.ts';
import { FakeController } from '../support/fake-controller.ts';

const tasks = Number(process.argv[2] ?? 30);
const pairs = Number(process.argv[3] ?? 3);

const options: Docker.ContainerCreateOptions = {
  Image: busyboxImage,
  Cmd: ['sleep', '600'],
  Labels: { 'mini-ecs.instance': 'bench' },
  ExposedPorts: { '80/tcp': {} },
  HostConfig: { NetworkMode: 'bridge', Memory: 32 << 20, CpuShares: 2, PortBindings: { '80/tcp': [{ HostPort: '' }] } },
};

async function timed(body: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await body();
  return Math.round(performance.now() - start);
}

async function straight(docker: Docker, concurrency: number): Promise<number> {
  let left = tasks;
  const worker = async (): Promise<void> => {
    while (left-- > 0) await (await docker.createContainer(options)).start();
  };
  return timed(async () => void (await Promise.all(Array.from({ length: concurrency }, worker))));
}

async function throughAgent({ socketPath }: TestDockerd): Promise<number> {
  const controller = await new FakeController().start();
  const dataDir = await mkdtemp(path.join(tmpdir(), 'mini-ecs-agent-'));
  const config = loadAgentConfig({
    MINI_ECS_CONTROLLER: controller.endpoint,
    MINI_ECS_JOIN_TOKEN: await controller.identity.joinToken(),
    MINI_ECS_DOCKER_SOCKET: socketPath,
    MINI_ECS_AGENT_DATA_DIR: dataDir,
  });
  const agent = await startAgent(config, { log: silentLogger });
  await eventually(() => controller.sessions === 1);
  const container = aContainer({
    image: busyboxImage,
    command: ['sleep', '600'],
    portMappings: [{ containerPort: 80, hostPort: 0 }],
  });
  const ids = Array.from({ length: tasks }, newId);
  try {
    return await timed(async () => {
      for (const taskId of ids) controller.assign(taskId, anAssignedTask(taskId, { containers: [container] }));
      await eventually(() => ids.every((taskId) => controller.statuses.get(taskId)?.lastStatus === 'RUNNING'), {
        withinMs: 120_000,
      });
    });
  } finally {
    await agent.stop();
    await controller.stop();
    await rm(dataDir, { recursive: true });
  }
}

async function removeAll(docker: Docker): Promise<void> {
  for (const { Id } of await docker.listContainers({ all: true })) await docker.getContainer(Id).remove({ force: true });
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const dockerd = await startTestDockerd();
try {
  const docker = new Docker({ socketPath: dockerd.socketPath });
  const results: Record<'docker1' | 'docker4' | 'agent', number[]> = { docker1: [], docker4: [], agent: [] };
  const measure = async (name: keyof typeof results, run: () => Promise<number>): Promise<void> => {
    const ms = await run();
    results[name].push(ms);
    console.error(`${name}: ${ms} ms`);
    await removeAll(docker);
  };
  await straight(docker, 4);
  await removeAll(docker);
  for (let pair = 0; pair < pairs; pair += 1) {
    await measure('docker1', () => straight(docker, 1));
    await measure('docker4', () => straight(docker, 4));
    await measure('agent', () => throughAgent(dockerd));
  }
  const agentMs = median(results.agent);
  const dockerMs = Math.min(median(results.docker1), median(results.docker4));
  console.log(JSON.stringify({ tasks, agentMs, dockerMs, ratio: Number((agentMs / dockerMs).toFixed(2)) }));
} finally {
  await dockerd.close();
}
