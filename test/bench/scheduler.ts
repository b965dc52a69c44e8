/**
 * How fast tasks are given places, in this process and on one core, the memory store's commits included: the placement worker as a
 * controller runs it (read the projection, decide a slice, commit it, follow the feed) on a cluster whose tasks all wait.
 *
 *   node test/bench/scheduler.ts [--instances 1000] [--tasks 10000] [--services 100] [--runs 3] [--only TEXT]
 *
 * Progress goes to stderr; the last line of stdout is one JSON object with a row a scenario: `placementsPerSecond`, and how
 * much of that time the store's commits took. Of the runs of each scenario the median
 * counts; --only takes the scenarios whose name holds TEXT. Without --instances and --tasks both sizes are measured: 1,000 × 10,000
 * and 5,000 × 50,000. "Nothing fits" counts tasks that were looked at and refused.
 */
import { encodePorts, silentLogger, systemClock } from '@mini-ecs/shared';
import { parseArgs } from 'node:util';
import type { InstanceRegistration } from '../../packages/controller/src/domain/container-instance.ts';
import type { TaskSpec } from '../../packages/controller/src/domain/task.ts';
import { StoreProjections } from '../../packages/controller/src/projection/store-projections.ts';
import { lookAtPlacement } from '../../packages/controller/src/queue/placement-worker.ts';
import type { WorkSink } from '../../packages/controller/src/queue/work.ts';
import type { TaskToPlace } from '../../packages/controller/src/scheduler/placement.ts';
import { MemoryStore } from '../../packages/controller/src/store/memory-store.ts';
import { encodeNewTask } from '../../packages/controller/src/store/records.ts';
import type { Store } from '../../packages/controller/src/store/store.ts';
import { cluster, createCluster, createService } from '../support/controller-core.ts';
import { aTask } from '../support/domain-builders.ts';

interface Size {
  instances: number;
  tasks: number;
}

const { values: flags } = parseArgs({
  options: {
    instances: { type: 'string' },
    tasks: { type: 'string' },
    services: { type: 'string', default: '100' },
    runs: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
  },
});
const services = Number(flags.services);
const sizes: Size[] =
  flags.instances || flags.tasks
    ? [{ instances: Number(flags.instances ?? 1000), tasks: Number(flags.tasks ?? 10_000) }]
    : [
        { instances: 1000, tasks: 10_000 },
        { instances: 5000, tasks: 50_000 },
      ];

type Need = Pick<TaskToPlace, 'resources' | 'constraints' | 'strategy' | 'isServiceTask'>;
const plain: Need = {
  resources: { cpu: 0, memory: 16, ports: [] },
  constraints: [],
  strategy: [],
  isServiceTask: false,
};
const sized = { cpu: 64, memory: 128, ports: [] };
const onLinux = [{ type: 'memberOf' as const, expression: 'attribute:ecs.os-type == linux' }];

interface Scenario {
  /** Names the row. */
  constraint: string;
  need: Need;
  /** The services' tasks were created in turns; else one service comes after the other, as reconciles create them. */
  interleaved?: boolean;
}

const scenarios: Scenario[] = [
  { constraint: 'none', need: plain },
  { constraint: 'attribute', need: { ...plain, constraints: onLinux } },
  { constraint: 'cpu+memory, service default spread', need: { ...plain, resources: sized, isServiceTask: true } },
  {
    constraint: 'cpu+memory+attribute, service default spread',
    need: { ...plain, resources: sized, constraints: onLinux, isServiceTask: true },
  },
  {
    constraint: 'cpu+memory, service default spread, services interleaved',
    need: { ...plain, resources: sized, isServiceTask: true },
    interleaved: true,
  },
  {
    constraint: 'cpu+memory, spread over zone, binpack memory',
    need: {
      ...plain,
      resources: sized,
      strategy: [
        { type: 'spread', field: 'attribute:ecs.availability-zone' },
        { type: 'binpack', field: 'memory' },
      ],
    },
  },
  {
    constraint: 'cpu+memory, spread over an attribute of its own for each instance',
    need: { ...plain, resources: sized, strategy: [{ type: 'spread', field: 'attribute:serial' }] },
  },
  { constraint: 'nothing fits', need: { ...plain, resources: { cpu: 1_000_000, memory: 1, ports: [] } } },
];

const startOfTime = 1_700_000_000_000;
/** As many as one RunTask starts. */
const tasksPerRequest = 10;
const tasksPerCommand = 500;

const idOf = (index: number): string => index.toString(16).padStart(32, '0');

const registration = (index: number): InstanceRegistration => ({
  hostname: `host-${index}`,
  address: '127.0.0.1',
  agentVersion: '1.0.0',
  dockerVersion: '20.10.24',
  resources: { cpu: 4096, memory: 16_384, ports: [] },
  attributes: {
    'ecs.availability-zone': `zone-${index % 3}`,
    'ecs.instance-type': ['small', 'medium', 'large'][index % 3] ?? '',
    'ecs.os-type': 'linux',
    'ecs.cpu-architecture': 'x86_64',
    serial: String(index),
  },
  registeredAt: startOfTime,
});

/** `index` is also the order in which they were created. */
function specOf(index: number, service: string, { resources, constraints, strategy, isServiceTask }: Need): TaskSpec {
  const request = { id: `request-${Math.floor(index / tasksPerRequest)}`, placeBy: startOfTime };
  const { spec } = aTask({ serviceName: service, deploymentId: isServiceTask ? 'ecs-svc/1' : null });
  return {
    ...spec,
    taskDefinition: `${service}:1`,
    ...(isServiceTask ? {} : { group: `family:${service}`, request }),
    createdAt: startOfTime + index,
    resources,
    placementConstraints: [...constraints],
    placementStrategy: [...strategy],
  };
}

/** A cluster whose instances are empty and whose tasks wait. */
async function waitingCluster(size: Size, { need, interleaved = false }: Scenario): Promise<MemoryStore> {
  const store = new MemoryStore({ clock: systemClock });
  await createCluster(store);
  for (let index = 0; index < size.instances; index += 1) {
    const doc = registration(index);
    const resources = { ...doc.resources, ports: encodePorts([]) };
    const instance = { cluster, instance: idOf(index), session: `session-${index}`, register: true, leaseMs: 3_600_000 };
    await store.openSession({ ...instance, doc: JSON.stringify(doc), resources });
  }
  if (need.isServiceTask) for (let i = 0; i < services; i += 1) await createService(store, { name: `service-${i}` });
  const tasks = Array.from({ length: size.tasks }, (_, index) => {
    const service = interleaved ? index % services : Math.floor((index * services) / size.tasks);
    return encodeNewTask({ id: idOf(index), tags: {}, spec: specOf(index, `service-${service}`, need) });
  });
  for (let i = 0; i < tasks.length; i += tasksPerCommand)
    await store.createTasks({ cluster, tasks: tasks.slice(i, i + tasksPerCommand) });
  return store;
}

/** ms that the store's commits took; the memory store does all of it before it returns. */
function withTimedCommits(store: Store): { store: Store; spentMs: () => number } {
  let spentMs = 0;
  const timed = new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      if (name !== 'commitPlacement') return member.bind(target) as unknown;
      return (command: Parameters<Store['commitPlacement']>[0]) => {
        const began = performance.now();
        const result = target.commitPlacement(command);
        spentMs += performance.now() - began;
        return result;
      };
    },
  });
  return { store: timed, spentMs: () => spentMs };
}

const idleSink: WorkSink = { add: () => undefined, lookAgainAt: () => undefined };

interface Measured {
  ms: number;
  commitMs: number;
  placed: number;
}

async function placeAll(size: Size, scenario: Scenario, seed: number): Promise<Measured> {
  const { store, spentMs } = withTimedCommits(await waitingCluster(size, scenario));
  const projections = await StoreProjections.start({ store, log: silentLogger });
  try {
    // A controller has the cluster in its memory long before its tasks wait.
    await projections.current(cluster);
    const context = {
      store,
      projections,
      sink: idleSink,
      clock: systemClock,
      log: silentLogger,
      newSeed: () => seed,
    };
    const began = performance.now();
    await lookAtPlacement(context, cluster);
    const ms = performance.now() - began;
    const view = await projections.current(cluster);
    const placed = [...view.tasks.values()].filter(({ instance }) => instance !== undefined).length;
    return { ms, commitMs: spentMs(), placed };
  } finally {
    await store.close();
    await projections.close();
  }
}

async function measure(size: Size, scenario: Scenario): Promise<object> {
  const { constraint } = scenario;
  const expected = constraint === 'nothing fits' ? 0 : size.tasks;
  const runs: Measured[] = [];
  for (let run = 0; run < Number(flags.runs); run += 1) {
    const measured = await placeAll(size, scenario, run);
    if (measured.placed !== expected) throw new Error(`${measured.placed} of ${expected} tasks placed`);
    runs.push(measured);
  }
  const median = runs.toSorted((a, b) => a.ms - b.ms)[Math.floor(runs.length / 2)];
  if (!median) throw new Error('--runs must be 1 at least');
  const placementsPerSecond = Math.round((1_000 * size.tasks) / median.ms);
  const commitPercent = Math.round((100 * median.commitMs) / median.ms);
  console.error(
    `${size.instances} instances, ${size.tasks} tasks, ${constraint}: ${placementsPerSecond} a second, ${commitPercent} % of it commits`,
  );
  return { ...size, constraint, placementsPerSecond, commitPercent };
}

const isWanted = ({ constraint }: Scenario): boolean => constraint.includes(flags.only);

const rows: object[] = [];
for (const size of sizes) for (const scenario of scenarios) if (isWanted(scenario)) rows.push(await measure(size, scenario));
console.log(JSON.stringify({ bench: 'scheduler', services, rows }));
