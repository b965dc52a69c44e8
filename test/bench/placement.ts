/**
 * How fast a whole mini-ecs places: the API over HTTP with signed requests, Redis with its default durability, BullMQ, gRPC sessions,
 * and a fleet whose containers take 50 ms to start, all on this machine. Controller, fleet and clients are a process each.
 *
 *   npm run bench:placement -- [--instances 1000] [--tasks 10000] [--phase fill|steady|read] [--profile FOLDER]
 *
 *   fill    --tasks tasks, ten a RunTask call, from the first request until Redis says that all are RUNNING; again as services of 100
 *   steady  30,000 tasks held (--held), then RunTask at 100 calls a second (--rate) for 60 s (--seconds), open loop
 *   read    100,000 tasks in one cluster (--held): ListTasks with every filter, DescribeTasks of 100
 *
 * Without --phase all three, one after the other, each on a cluster of its own. Progress goes to stderr, the last line of stdout
 * is one JSON object. --profile has V8 write CPU profiles of controller and fleet.
 */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { FleetCluster } from '../support/fleet-cluster.ts';
import { TaskWatch } from '../support/task-watch.ts';
import { fill } from './placement-phases/fill.ts';
import type { Phase } from './placement-phases/load.ts';
import { read } from './placement-phases/read.ts';
import { steady } from './placement-phases/steady.ts';

const phaseNames = ['fill', 'steady', 'read'] as const;

const { values: flags } = parseArgs({
  options: {
    instances: { type: 'string', default: '1000' },
    tasks: { type: 'string', default: '10000' },
    phase: { type: 'string' },
    held: { type: 'string' },
    rate: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '60' },
    only: { type: 'string' },
    profile: { type: 'string' },
  },
});
const instances = Number(flags.instances);
const tasks = Number(flags.tasks);
const wanted = phaseNames.filter((name) => flags.phase === undefined || flags.phase === name);
if (wanted.length === 0) {
  console.error(`--phase is one of ${phaseNames.join(', ')}`);
  process.exit(2);
}

const startedAt = performance.now();
const say = (line: string): void =>
  console.error(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)} s  ${line}`);

const interrupted = new Promise<never>((_, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => reject(new Error(`ended by ${signal}`)));
});

/** A cluster for one measurement; it is gone afterwards, however that ended. */
async function onCluster<T>(measure: (phase: Phase) => Promise<T>): Promise<T> {
  say(`starting a controller and ${instances} instances; load of the machine ${loadavg()[0]?.toFixed(2)}`);
  const starting = FleetCluster.start({ instances, profileFolder: flags.profile });
  let watch: TaskWatch | undefined;
  try {
    const cluster = await Promise.race([starting, interrupted]);
    watch = new TaskWatch(cluster.redisSocket);
    return await Promise.race([measure({ cluster, watch, say }), interrupted]);
  } catch (error) {
    await starting.then((cluster) => console.error(cluster.lastLines())).catch(() => undefined);
    throw error;
  } finally {
    watch?.close();
    await starting.then((cluster) => cluster.destroy()).catch(() => undefined);
  }
}

const figures: Record<string, unknown> = { instances, tasks };
const note = (found: { controllerRssMb: number }): void => {
  const { controllerRssMb } = figures;
  Object.assign(figures, found, { controllerRssMb: Math.max(Number(controllerRssMb ?? 0), found.controllerRssMb) });
};

let exitCode = 0;
try {
  if (wanted.includes('fill')) {
    if (flags.only !== 'services') note(await onCluster((phase) => fill(phase, tasks, 'RunTask')));
    if (flags.only !== 'RunTask') {
      const { tasksPerSecond, ...rest } = await onCluster((phase) => fill(phase, tasks, 'services'));
      note({ ...rest, tasksPerSecondServices: tasksPerSecond } as never);
    }
  }
  if (wanted.includes('steady')) {
    const options = { held: Number(flags.held ?? 30_000), callsPerSecond: Number(flags.rate), seconds: Number(flags.seconds) };
    note(await onCluster((phase) => steady(phase, options)));
  }
  if (wanted.includes('read')) note(await onCluster((phase) => read(phase, Number(flags.held ?? 100_000))));
} catch (error) {
  exitCode = 1;
  console.error(error);
}
if (exitCode === 0) console.log(JSON.stringify(figures));
process.exit(exitCode);
