/**
 * How long a service of 60 tasks takes from CreateService until all are RUNNING, against the same 60 containers created and started
 * straight through dockerode on the same engines: the price of deciding, recording and telling. The baseline is the better of one
 * and four containers at a time. Its create options are read off a container of the service, so that both sides ask the same of Docker.
 */
import { CreateServiceCommand, DeleteServiceCommand, waitUntilServicesInactive } from '@aws-sdk/client-ecs';
import type Docker from 'dockerode';
import { median, runBench, type BenchRun } from '../support/bench-run.ts';
import { countPerHost, dockerOf } from '../support/task-containers.ts';
import { aSleepingTask } from '../support/task-definitions.ts';
import type { TestCluster } from '../support/test-cluster.ts';

const tasks = 60;
const pairs = 3;
const concurrencies = [1, 4];
/** The baseline's labels: as many and as long as the agent's, but none of its names, or it would take the containers for its own. */
const baselineName = (label: string): string => `raw-${label.slice(4)}`;
const baselineLabel = baselineName('com.amazonaws.ecs.task-arn');

interface Pair {
  serviceMs: number;
  /** The better of `byConcurrency`. */
  dockerMs: number;
  byConcurrency: Record<string, number>;
}

async function measure({ cluster, say }: BenchRun): Promise<object> {
  await cluster.register(
    aSleepingTask('launched', { portMappings: [{ containerPort: 8080, hostPort: 0, protocol: 'tcp' }], stopTimeout: 1 }),
  );
  const template = await readTemplate(cluster);
  const measured: Pair[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    // Alternating: whichever comes second finds the engines as the other left them.
    const serviceFirst = pair % 2 === 0;
    const before = serviceFirst ? await timeService(cluster, `launched-${pair}`, tasks) : undefined;
    const byConcurrency: Record<string, number> = {};
    for (const concurrency of concurrencies) byConcurrency[concurrency] = await timeDocker(cluster, template, concurrency);
    const serviceMs = before ?? (await timeService(cluster, `launched-${pair}`, tasks));
    measured.push({ serviceMs, dockerMs: Math.min(...Object.values(byConcurrency)), byConcurrency });
    say(`pair ${pair + 1} of ${pairs}: service ${serviceMs} ms, dockerode ${JSON.stringify(byConcurrency)} ms by concurrency`);
  }
  const ratios = measured.map(({ serviceMs, dockerMs }) => serviceMs / dockerMs);
  return {
    tasks,
    serviceMs: median(measured.map(({ serviceMs }) => serviceMs)),
    dockerMs: median(measured.map(({ dockerMs }) => dockerMs)),
    ratio: Number(median(ratios).toFixed(2)),
    pairs: measured,
  };
}

// ── the service ──

/** ms from the call of CreateService until the API says that all its tasks are RUNNING; Docker is asked whether that is true. */
async function timeService(cluster: TestCluster, name: string, desiredCount: number): Promise<number> {
  const started = performance.now();
  await cluster.ecs.send(new CreateServiceCommand({ serviceName: name, taskDefinition: 'launched', desiredCount }));
  const elapsed = await cluster.eventually(
    `${desiredCount} tasks are RUNNING`,
    async () => (await cluster.describeService(name)).runningCount === desiredCount && Math.round(performance.now() - started),
    180_000,
  );
  const perHost = countPerHost(cluster.hosts, await cluster.runningContainers());
  if (perHost.reduce((sum, count) => sum + count, 0) !== desiredCount) throw new Error(`Docker runs ${perHost.join(' + ')}`);
  await removeService(cluster, name);
  return elapsed;
}

async function removeService(cluster: TestCluster, name: string): Promise<void> {
  await cluster.ecs.send(new DeleteServiceCommand({ service: name, force: true }));
  await waitUntilServicesInactive({ client: cluster.ecs, maxWaitTime: 120, minDelay: 0.2, maxDelay: 1 }, { services: [name] });
  await isQuiet(cluster);
}

/** Agents remove stopped containers in their own time, which must not be the other side's. */
async function isQuiet(cluster: TestCluster): Promise<void> {
  let last = '';
  let since = performance.now();
  await cluster.eventually(
    'the engines are quiet',
    async () => {
      const all = await Promise.all(cluster.hosts.map((host) => dockerOf(host).listContainers({ all: true })));
      const now = all.map((containers) => `${containers.length}`).join(' ');
      if (now !== last || all.some((containers) => containers.some(({ State }) => State === 'running')))
        since = performance.now();
      last = now;
      return performance.now() - since > 1_500;
    },
    120_000,
  );
}

// ── the baseline ──

/** What the agent asks of Docker for one task of the service. */
async function readTemplate(cluster: TestCluster): Promise<Docker.ContainerCreateOptions> {
  await cluster.ecs.send(new CreateServiceCommand({ serviceName: 'template', taskDefinition: 'launched', desiredCount: 1 }));
  const container = await cluster.eventually('the template runs', async () => (await cluster.runningContainers())[0]);
  const { Config, HostConfig } = await dockerOf(container.host).getContainer(container.id).inspect();
  await removeService(cluster, 'template');
  const { Image, Cmd, Entrypoint, Env, Labels, ExposedPorts } = Config;
  const labels = Object.fromEntries(Object.entries(Labels).map(([name, value]) => [baselineName(name), value]));
  return { Image, Cmd, Entrypoint, Env, Labels: labels, ExposedPorts, HostConfig };
}

/** ms from the first create until all are started, `concurrency` at a time, in turn over the engines. */
async function timeDocker(cluster: TestCluster, template: Docker.ContainerCreateOptions, concurrency: number): Promise<number> {
  const engines = cluster.hosts.map(dockerOf);
  const started = performance.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < tasks) {
      const index = next++;
      const container = await engines[index % engines.length]?.createContainer({ ...template, name: `baseline-${index}` });
      await container?.start();
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  const elapsed = Math.round(performance.now() - started);
  await removeBaseline(engines);
  await isQuiet(cluster);
  return elapsed;
}

async function removeBaseline(engines: readonly Docker[]): Promise<void> {
  await Promise.all(
    engines.map(async (engine) => {
      for (const { Id } of await engine.listContainers({ all: true, filters: { label: [baselineLabel] } })) {
        await engine.getContainer(Id).remove({ force: true, v: true });
      }
    }),
  );
}

await runBench({ hosts: 3 }, measure);
