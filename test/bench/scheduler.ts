/**
 * How fast the scheduler decides, in this process and on one core; the store's commit is not in it.
 *
 *   node test/bench/scheduler.ts [--instances 1000] [--tasks 10000] [--services 100] [--runs 5] [--only TEXT]
 *
 * Progress goes to stderr; the last line of stdout is one JSON object with a row a scenario. Of the runs of each scenario the
 * median counts; --only takes the scenarios whose name holds TEXT. Without --instances and --tasks both sizes are measured: 1,000 × 10,000 and 5,000 × 50,000.
 */
import { parseArgs } from 'node:util';
import { placeTasks } from '../../packages/controller/src/scheduler/place-tasks.ts';
import type { InstanceSnapshot, TaskToPlace } from '../../packages/controller/src/scheduler/placement.ts';

interface Size {
  instances: number;
  tasks: number;
}

const { values: flags } = parseArgs({
  options: {
    instances: { type: 'string' },
    tasks: { type: 'string' },
    services: { type: 'string', default: '100' },
    runs: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
  },
});
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

/** `constraint` names the row. */
const scenarios: { constraint: string; need: Need; interleaved?: boolean }[] = [
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

const instance = (_: unknown, index: number): InstanceSnapshot => ({
  id: index.toString(16).padStart(32, '0'),
  status: 'ACTIVE',
  connected: true,
  free: { cpu: 4096, memory: 16_384, usedPorts: new Set() },
  attributes: {
    'ecs.availability-zone': `zone-${index % 3}`,
    'ecs.instance-type': ['small', 'medium', 'large'][index % 3] ?? '',
    'ecs.os-type': 'linux',
    'ecs.cpu-architecture': 'x86_64',
    serial: String(index),
  },
  tasksByGroup: new Map(Array.from({ length: 10 }, (__, other) => [`service:other-${(index + other) % 100}`, 1])),
  runningTasks: 10,
  agentVersion: '1.0.0',
  registeredAt: 1_700_000_000_000,
});

function tasksOf(count: number, services: number, need: Need, isInterleaved: boolean): TaskToPlace[] {
  return Array.from({ length: count }, (_, index) => {
    const service = isInterleaved ? index % services : Math.floor((index * services) / count);
    return {
      id: index.toString(16).padStart(32, '0'),
      group: `service:service-${service}`,
      taskDefinition: `service-${service}:1`,
      ...need,
      // As they come from the store: nothing is shared between tasks.
      resources: { ...need.resources, ports: [...need.resources.ports] },
      constraints: need.constraints.map((constraint) => ({ ...constraint })),
      strategy: need.strategy.map((strategy) => ({ ...strategy })),
    };
  });
}

function measure(size: Size, scenario: (typeof scenarios)[number]): Record<string, unknown> {
  const instances = Array.from({ length: size.instances }, instance);
  const tasks = tasksOf(size.tasks, Number(flags.services), scenario.need, scenario.interleaved === true);
  const seconds = Array.from({ length: Number(flags.runs) }, (_, run) => {
    const start = performance.now();
    const decision = placeTasks({ tasks, instances, seed: run });
    const took = (performance.now() - start) / 1000;
    const expected = scenario.constraint === 'nothing fits' ? 0 : size.tasks;
    if (decision.placements.length !== expected) throw new Error(`${decision.placements.length} of ${expected} tasks placed`);
    return took;
  }).sort((a, b) => a - b);
  const median = seconds[Math.floor(seconds.length / 2)] ?? Number.NaN;
  const placementsPerSecond = Math.round(size.tasks / median);
  process.stderr.write(
    `${size.instances} instances, ${size.tasks} tasks, ${scenario.constraint}: ${placementsPerSecond} a second\n`,
  );
  return { ...size, constraint: scenario.constraint, placementsPerSecond };
}

const chosen = scenarios.filter(({ constraint }) => constraint.includes(flags.only));
const rows = sizes.flatMap((size) => chosen.map((scenario) => measure(size, scenario)));
process.stdout.write(`${JSON.stringify({ bench: 'scheduler', services: Number(flags.services), rows })}\n`);
