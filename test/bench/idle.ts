/**
 * What a cluster costs that does nothing: a controller with 1,000 idle agents, and one idle agent on a host with Docker.
 *
 *   npm run bench:idle -- [--instances 1000] [--seconds 30] [--settle 15] [--only controller|agent] [--profile FOLDER]
 *
 * The controller's agents are a fleet with a connection and a heartbeat a second each, as hosts have; their own CPU is not counted,
 * nor is Redis's (told apart). The one agent is a process of its own with the Docker Engine of a lab's host (root needed).
 * Progress goes to stderr, the last line of stdout is one JSON object.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { FleetCluster, rssMb } from '../support/fleet-cluster.ts';
import { TestCluster } from '../support/test-cluster.ts';

const { values: flags } = parseArgs({
  options: {
    instances: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '30' },
    settle: { type: 'string', default: '15' },
    only: { type: 'string' },
    profile: { type: 'string' },
  },
});
const instances = Number(flags.instances);
const seconds = Number(flags.seconds);
/** After which nothing of the start is left to do, and what it needed is collected. */
const settleMs = Number(flags.settle) * 1000;

const startedAt = performance.now();
const say = (line: string): void =>
  console.error(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)} s  ${line}`);
const interrupted = new Promise<never>((_, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => reject(new Error(`ended by ${signal}`)));
});

/** What it measured of something that is destroyed afterwards, however that ended. */
async function measured<C extends { destroy: () => Promise<void> }, T>(
  starting: Promise<C>,
  measure: (it: C) => Promise<T>,
): Promise<T> {
  try {
    const it = await Promise.race([starting, interrupted]);
    return await Promise.race([measure(it), interrupted]);
  } finally {
    await starting.then((it) => it.destroy()).catch(() => undefined);
  }
}

async function idleController(cluster: FleetCluster) {
  say(`${instances} agents have joined`);
  await delay(settleMs);
  const before = cluster.cpuSeconds();
  const from = performance.now();
  await delay(seconds * 1000);
  const after = cluster.cpuSeconds();
  const percentOf = (who: 'controller' | 'redis' | 'fleet'): number =>
    Number((((after[who] - before[who]) * 100_000) / (performance.now() - from)).toFixed(1));
  return {
    instances,
    controllerCpuPercent: percentOf('controller'),
    redisCpuPercent: percentOf('redis'),
    fleetCpuPercent: percentOf('fleet'),
    controllerRssMb: cluster.controllerRssMb(),
  };
}

async function idleAgent(cluster: TestCluster) {
  say('an agent with Docker has joined');
  // As at every start but the very first, what it compiled is kept.
  await delay(5_000);
  await cluster.agents[0]?.stop();
  cluster.agents[0]?.start();
  await delay(settleMs);
  return { agentRssMb: rssMb(cluster.agents[0]?.pid ?? 0) };
}

let exitCode = 0;
const figures: object = {};
try {
  if (flags.only !== 'agent') {
    say(`starting a controller and ${instances} instances`);
    const starting = FleetCluster.start({ instances, profileFolder: flags.profile, leaseMs: 4_000 });
    Object.assign(figures, await measured(starting, idleController));
    say(JSON.stringify(figures));
  }
  if (flags.only !== 'controller') {
    say('starting one host with Docker, its agent and a controller');
    Object.assign(figures, await measured(TestCluster.start({ hosts: 1 }), idleAgent));
  }
} catch (error) {
  exitCode = 1;
  console.error(error);
}
if (exitCode === 0) console.log(JSON.stringify(figures));
process.exit(exitCode);
