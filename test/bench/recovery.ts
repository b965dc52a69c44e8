/**
 * How long a service of 60 tasks on three hosts is not whole: after the crash of a container, and after the loss of a host; and that
 * the host's return leaves exactly 60, 20 on each. Counted with Docker's own API on every engine: mini-ecs is not asked.
 */
import { CreateServiceCommand } from '@aws-sdk/client-ecs';
import type { LabHost } from '@mini-ecs/lab';
import { setTimeout as delay } from 'node:timers/promises';
import { median, runBench, type BenchRun } from '../support/bench-run.ts';
import { countPerHost, runningTaskContainers, type TaskContainer } from '../support/task-containers.ts';
import { aSleepingTask } from '../support/task-definitions.ts';
import type { TestCluster } from '../support/test-cluster.ts';

const desired = 60;
const crashes = 12;
/** How long the count must hold once the host is back. */
const steadyMs = 30_000;

async function deploy({ cluster, say }: BenchRun): Promise<void> {
  await cluster.register(aSleepingTask('steady'));
  await cluster.ecs.send(new CreateServiceCommand({ serviceName: 'steady', taskDefinition: 'steady', desiredCount: desired }));
  await cluster.eventually(
    `${desired} containers run`,
    async () => (await cluster.runningContainers()).length === desired,
    120_000,
  );
  await apiSaysWhole(cluster);
  say(`${desired} containers run: ${countPerHost(cluster.hosts, await cluster.runningContainers()).join(' + ')}`);
}

/** Between two measurements nothing may be under way. */
const apiSaysWhole = (cluster: TestCluster): Promise<unknown> =>
  cluster.eventually('the service is stable', async () => {
    const { runningCount, pendingCount } = await cluster.describeService('steady');
    return runningCount === desired && pendingCount === 0;
  });

// ── a container crashes ──

async function crashContainers({ cluster, say }: BenchRun): Promise<number[]> {
  const times: number[] = [];
  for (let crash = 0; crash < crashes; crash++) {
    const before = await cluster.runningContainers();
    // Another host each time, and not always the oldest container of it.
    const candidates = before.filter(({ host }) => host === cluster.hosts[crash % cluster.hosts.length]);
    const victim = candidates[(crash * 7) % candidates.length];
    if (!victim) throw new Error('a host has no container to crash');
    times.push(await timeReplacement(cluster, before, victim));
    say(`crash ${crash + 1} of ${crashes}: replaced after ${times.at(-1)?.toFixed(0)} ms`);
    await apiSaysWhole(cluster);
  }
  return times;
}

/** From the kill until as many containers run as before, the victim not among them. */
async function timeReplacement(cluster: TestCluster, before: TaskContainer[], victim: TaskContainer): Promise<number> {
  const killed = performance.now();
  await cluster.killContainer(victim);
  for (;;) {
    const now = await cluster.runningContainers();
    const elapsed = performance.now() - killed;
    const fresh = now.filter(({ id }) => !before.some((old) => old.id === id));
    if (now.length === desired && fresh.length > 0 && now.every(({ id }) => id !== victim.id)) return elapsed;
    if (elapsed > 60_000) throw new Error(`no replacement after ${elapsed} ms\n${await cluster.describe()}`);
    await delay(20);
  }
}

// ── a host is lost, and comes back ──

interface HostLoss {
  hostLossToWholeMs: number;
  returnToExactMs: number;
  runningAfterReturn: number;
  perHostAfterReturn: number[];
}

async function loseAHost({ cluster, say }: BenchRun): Promise<HostLoss> {
  const lost = cluster.hosts[2];
  if (!lost) throw new Error('three hosts expected');
  const others = cluster.hosts.filter((host) => host !== lost);
  const cut = performance.now();
  await lost.partition();
  await cluster.eventually(
    'all tasks run on the other two hosts',
    async () => (await runningTaskContainers(others)).length >= desired,
    60_000,
  );
  const hostLossToWholeMs = Math.round(performance.now() - cut);
  say(`${lost.name} cut off: ${desired} run on the other two after ${hostLossToWholeMs} ms`);
  await neverMoreThanDesired(others);

  const healed = performance.now();
  await lost.heal();
  await cluster.eventually(
    `exactly ${desired} run, evenly`,
    async () => isEven(countPerHost(cluster.hosts, await cluster.runningContainers())),
    60_000,
  );
  const returnToExactMs = Math.round(performance.now() - healed);
  say(`${lost.name} back: exactly ${desired}, evenly spread, after ${returnToExactMs} ms; watching for ${steadyMs / 1000} s`);
  const perHostAfterReturn = await watch(cluster);
  const runningAfterReturn = perHostAfterReturn.reduce((sum, count) => sum + count, 0);
  return { hostLossToWholeMs, returnToExactMs, runningAfterReturn, perHostAfterReturn };
}

const isEven = (perHost: number[]): boolean => perHost.every((count) => count === desired / perHost.length);

/** Replacements that came too many would show right after they came. */
async function neverMoreThanDesired(hosts: readonly LabHost[]): Promise<void> {
  for (let look = 0; look < 20; look++) {
    const { length } = await runningTaskContainers(hosts);
    if (length > desired) throw new Error(`${length} containers run on the hosts that are left`);
    await delay(100);
  }
}

/** The counts that held for all of the time, or the first ones that did not. */
async function watch(cluster: TestCluster): Promise<number[]> {
  const until = performance.now() + steadyMs;
  for (;;) {
    const perHost = countPerHost(cluster.hosts, await cluster.runningContainers());
    if (!isEven(perHost) || performance.now() > until) return perHost;
    await delay(250);
  }
}

await runBench({ hosts: 3 }, async (run) => {
  await deploy(run);
  const crashToRunningMs = await crashContainers(run);
  const loss = await loseAHost(run);
  return {
    crashToRunningMsP50: Math.round(median(crashToRunningMs)),
    crashToRunningMsMax: Math.round(Math.max(...crashToRunningMs)),
    crashes: crashToRunningMs.length,
    ...loss,
    desired,
  };
});
