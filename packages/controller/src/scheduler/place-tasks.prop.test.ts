import test from 'ava';
import fc from 'fast-check';
import { placeTasks } from './place-tasks.ts';
import type { InstanceSnapshot, TaskToPlace } from './placement.ts';
import { anInstance, aTask, someTasks } from './placement-builders.ts';
import { brokenRules } from './reference-placement.ts';

const groups = ['service:web', 'service:api', 'family:batch'];
const ports = ['80/tcp', '80/udp', '443/tcp'];

const constraint: fc.Arbitrary<TaskToPlace['constraints'][number]> = fc.oneof(
  fc.constant({ type: 'distinctInstance' as const }),
  fc
    .constantFrom(
      'attribute:stack == prod',
      'attribute:stack exists and attribute:ecs.availability-zone in [zone-a, zone-b]',
      'not(task:group == service:api)',
      'task:group == service:web or runningTasksCount == 0',
      'runningTasksCount < 4',
      'attribute:stack = broken',
    )
    .map((expression) => ({ type: 'memberOf' as const, expression })),
);
type PlacementConstraints = TaskToPlace['constraints'];
const constraints = fc.oneof(
  { weight: 2, arbitrary: fc.constant<PlacementConstraints>([]) },
  { weight: 1, arbitrary: fc.array(constraint, { maxLength: 2 }) },
);
const spreads: TaskToPlace['strategy'] = [
  { type: 'spread', field: 'attribute:ecs.availability-zone' },
  { type: 'spread', field: 'attribute:stack' },
  { type: 'spread', field: 'instanceId' },
];
const strategy: fc.Arbitrary<TaskToPlace['strategy'][number]> = fc.constantFrom(
  ...spreads,
  { type: 'binpack' as const, field: 'cpu' },
  { type: 'binpack' as const, field: 'memory' },
  { type: 'random' as const },
);

const kindOfTask = fc.record({
  group: fc.constantFrom(...groups),
  cpu: fc.constantFrom(0, 100, 300),
  memory: fc.constantFrom(0, 100, 250),
  ports: fc.oneof({ weight: 3, arbitrary: fc.constant<string[]>([]) }, { weight: 1, arbitrary: fc.subarray(ports) }),
  constraints,
  strategy: fc.oneof(fc.array(strategy, { maxLength: 3 }), fc.shuffledSubarray(spreads, { minLength: 2 })),
  isServiceTask: fc.boolean(),
  containerInstance: fc.option(fc.constantFrom('instance-0', 'instance-1', 'gone'), { freq: 10, nil: undefined }),
});

/** Few kinds and many tasks of each, in turns and in runs. */
const tasks = fc
  .tuple(fc.array(kindOfTask, { minLength: 1, maxLength: 4 }), fc.array(fc.nat(), { maxLength: 40 }))
  .map(([kinds, order]) => order.map((which, index) => aTask(`task-${index}`, kinds[which % kinds.length])));

const instances = fc
  .array(
    fc.record({
      status: fc.oneof(
        { weight: 6, arbitrary: fc.constant('ACTIVE' as const) },
        { weight: 1, arbitrary: fc.constantFrom('DRAINING' as const, 'INACTIVE' as const) },
      ),
      connected: fc.oneof({ weight: 6, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
      cpu: fc.integer({ min: -50, max: 1200 }),
      memory: fc.integer({ min: 0, max: 1200 }),
      usedPorts: fc.subarray(ports),
      zone: fc.constantFrom('zone-a', 'zone-b', 'zone-c'),
      attributes: fc.constantFrom<InstanceSnapshot['attributes']>({}, { stack: 'prod' }, { stack: 'test' }, { stack: null }),
      tasks: fc.dictionary(fc.constantFrom(...groups), fc.nat(3)),
    }),
    { maxLength: 8 },
  )
  .map((all) => all.map((options, index) => anInstance(`instance-${index}`, options)));

const seed = fc.integer();

test('every task goes where it fits and the strategy prefers, in turn; one refused fits nowhere', (t) => {
  fc.assert(
    fc.property(tasks, instances, seed, (tasks, instances, seed) => {
      t.deepEqual(brokenRules(tasks, instances, placeTasks({ tasks, instances, seed })), []);
    }),
    { numRuns: 1500 },
  );
});

test('the same request with the same seed gives the same decision, and stays as it was', (t) => {
  fc.assert(
    fc.property(tasks, instances, seed, (tasks, instances, seed) => {
      const before = structuredClone({ tasks, instances });
      t.deepEqual(placeTasks({ tasks, instances, seed }), placeTasks({ tasks, instances, seed }));
      t.deepEqual({ tasks, instances }, before);
    }),
    { numRuns: 200 },
  );
});

test("a refusal's counts add up to the instances considered, and its closest match is one of them", (t) => {
  fc.assert(
    fc.property(tasks, instances, seed, (tasks, instances, seed) => {
      for (const refusal of placeTasks({ tasks, instances, seed }).refusals) {
        const task = tasks.find(({ id }) => id === refusal.task) as TaskToPlace;
        const considered = instances.filter(({ id }) => (task.containerInstance ?? id) === id);
        t.is(
          refusal.counts.reduce((sum, count) => sum + count.instances, 0),
          considered.length,
        );
        t.is(refusal.instances.length, considered.length);
        t.is(refusal.closest === undefined, considered.length === 0);
        for (const { check } of refusal.counts) t.true(refusal.because.includes(check));
        if (refusal.closest) t.true(refusal.because.includes(`(container-instance ${refusal.closest.instance})`));
      }
    }),
    { numRuns: 500 },
  );
});

const roomy = (zones: readonly string[]): InstanceSnapshot[] =>
  zones.map((zone, index) => anInstance(`instance-${index}`, { zone, memory: 1_000_000 }));

test('where there is room, a service is spread evenly to within one task over zones, and over the instances of each zone', (t) => {
  const zones = fc.array(fc.constantFrom('zone-a', 'zone-b', 'zone-c', 'zone-d'), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(zones, fc.nat(60), seed, (zones, count, seed) => {
      const instances = roomy(zones);
      const { placements } = placeTasks({ tasks: someTasks(count), instances, seed });
      const onInstance = (id: string): number => placements.filter(({ instance }) => instance === id).length;
      const inZone = new Map<string, number[]>();
      for (const [index, zone] of zones.entries())
        inZone.set(zone, [...(inZone.get(zone) ?? []), onInstance(`instance-${index}`)]);
      const sums = [...inZone.values()].map((counts) => counts.reduce((sum, n) => sum + n, 0));
      for (const counts of [sums, ...inZone.values()]) t.true(Math.max(...counts) - Math.min(...counts) <= 1);
      t.is(placements.length, count);
    }),
    { numRuns: 300 },
  );
});

test('binpack uses no more instances than are needed when they are alike', (t) => {
  const strategy = [{ type: 'binpack' as const, field: 'memory' }];
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10 }),
      fc.integer({ min: 1, max: 10 }),
      fc.nat(100),
      seed,
      (size, room, count, seed) => {
        const instances = Array.from({ length: size }, (_, index) =>
          anInstance(`instance-${index}`, { memory: room * 100 + 99 }),
        );
        const { placements } = placeTasks({ tasks: someTasks(count, { strategy }), instances, seed });
        t.is(placements.length, Math.min(count, size * room));
        t.is(new Set(placements.map(({ instance }) => instance)).size, Math.min(size, Math.ceil(count / room)));
      },
    ),
    { numRuns: 300 },
  );
});

test('more services in turns than candidate sets are kept for are placed by the same rules', (t) => {
  const instances = roomy(Array.from({ length: 4000 }, (_, index) => `zone-${index % 3}`));
  const tasks = Array.from({ length: 600 }, (_, index) => aTask(`task-${index}`, { group: `service:${index % 300}` }));
  const { placements } = placeTasks({ tasks, instances, seed: 1 });
  t.is(placements.length, 600);
  const zoneOf = (index: number): string => `zone-${Number(placements[index]?.instance.split('-')[1]) % 3}`;
  for (let service = 0; service < 300; service++) t.not(zoneOf(service), zoneOf(service + 300));
});
