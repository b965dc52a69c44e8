import test from 'ava';
import { failureReason } from './checks.ts';
import { placeTasks, placeTasksStepwise } from './place-tasks.ts';
import type { PlacementDecision } from './placement.ts';
import { anInstance, aTask, someTasks } from './placement-builders.ts';

const perInstance = ({ placements }: PlacementDecision): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { instance } of placements) counts[instance] = (counts[instance] ?? 0) + 1;
  return counts;
};

test('a service without a strategy spreads over zones, then over the instances of each zone', (t) => {
  const instances = [
    anInstance('a1', { zone: 'zone-a' }),
    anInstance('a2', { zone: 'zone-a' }),
    anInstance('a3', { zone: 'zone-a' }),
    anInstance('b1', { zone: 'zone-b' }),
  ];
  t.deepEqual(perInstance(placeTasks({ tasks: someTasks(6), instances, seed: 1 })), { a1: 1, a2: 1, a3: 1, b1: 3 });
});

test('the spread counts the tasks that the service has already, and not those of instances that are lost or draining', (t) => {
  const instances = [
    anInstance('a1', { zone: 'zone-a', tasks: { 'service:web': 2 } }),
    anInstance('b1', { zone: 'zone-b' }),
    anInstance('b2', { zone: 'zone-b', connected: false, tasks: { 'service:web': 5 } }),
    anInstance('b3', { zone: 'zone-b', status: 'DRAINING', tasks: { 'service:web': 5 } }),
  ];
  t.deepEqual(perInstance(placeTasks({ tasks: someTasks(2), instances, seed: 1 })), { b1: 2 });
});

test('a spread goes on where there is room when the bucket with the fewest tasks is full', (t) => {
  const instances = [anInstance('a1', { zone: 'zone-a', memory: 100 }), anInstance('b1', { zone: 'zone-b' })];
  t.deepEqual(perInstance(placeTasks({ tasks: someTasks(5), instances, seed: 1 })), { a1: 1, b1: 4 });
});

test('instances without the spread attribute share a bucket', (t) => {
  const strategy = [{ type: 'spread' as const, field: 'attribute:rack' }];
  const instances = [
    anInstance('r1', { attributes: { rack: 'one' } }),
    anInstance('n1'),
    anInstance('n2'),
    anInstance('n3', { attributes: { rack: null } }),
  ];
  const counts = perInstance(placeTasks({ tasks: someTasks(6, { strategy }), instances, seed: 1 }));
  t.is(counts['r1'], 2);
  t.is(counts['n3'], 2);
});

test('binpack fills the fullest instance that still has room', (t) => {
  const strategy = [{ type: 'binpack' as const, field: 'memory' }];
  const instances = [
    anInstance('empty', { memory: 1000 }),
    anInstance('fuller', { memory: 250 }),
    anInstance('full', { memory: 50 }),
  ];
  t.deepEqual(perInstance(placeTasks({ tasks: someTasks(4, { strategy }), instances, seed: 1 })), { fuller: 2, empty: 2 });
});

test('strategies are chained: spread over zones, pack memory within each', (t) => {
  const strategy = [
    { type: 'spread' as const, field: 'attribute:ecs.availability-zone' },
    { type: 'binpack' as const, field: 'MEMORY' },
  ];
  const instances = ['a', 'b'].flatMap((zone) => [1, 2].map((n) => anInstance(`${zone}${n}`, { zone, memory: 400 - n })));
  t.deepEqual(perInstance(placeTasks({ tasks: someTasks(6, { strategy }), instances, seed: 1 })), { a2: 3, b2: 3 });
});

test('a spread over racks counts within the zones that were spread over before', (t) => {
  const strategy = ['attribute:ecs.availability-zone', 'attribute:rack'].map((field) => ({ type: 'spread' as const, field }));
  const instances = ['a', 'b', 'c'].flatMap((zone) =>
    ['1', '2'].map((rack) => anInstance(zone + rack, { zone, attributes: { rack } })),
  );
  for (let seed = 0; seed < 20; seed++) {
    const placed = placeTasks({ tasks: someTasks(6, { strategy }), instances, seed }).placements.map(({ instance }) => instance);
    t.is(new Set(placed.slice(0, 3).map((id) => id.charAt(0))).size, 3);
    t.is(new Set(placed).size, 6);
  }
});

test('a spread behind a pack decides among instances packed alike', (t) => {
  const strategy = [
    { type: 'binpack' as const, field: 'cpu' },
    { type: 'spread' as const, field: 'attribute:ecs.availability-zone' },
  ];
  const instances = ['a', 'b', 'c'].map((zone) => anInstance(zone, { zone, cpu: 100 }));
  const tasks = someTasks(6, { cpu: 50, strategy });
  t.deepEqual(perInstance(placeTasks({ tasks, instances, seed: 1 })), { a: 2, b: 2, c: 2 });
});

test('random chooses every instance about as often, whoever was chosen before', (t) => {
  const instances = ['a', 'b', 'c', 'd'].map((id) => anInstance(id, { memory: 1e9 }));
  const { placements } = placeTasks({ tasks: someTasks(8000, { strategy: [{ type: 'random' }] }), instances, seed: 7 });
  const counts = perInstance({ placements, refusals: [] });
  for (const count of Object.values(counts)) t.true(Math.abs(count - 2000) < 200, `${count} of 8000 among four`);
  const repeats = placements.filter(({ instance }, index) => instance === placements[index - 1]?.instance).length;
  t.true(Math.abs(repeats - 2000) < 200, `${repeats} of 8000 went where the one before went`);
});

test('RunTask without a strategy places at random, with another seed elsewhere', (t) => {
  const instances = Array.from({ length: 50 }, (_, index) => anInstance(`i${index}`));
  const placed = (seed: number): unknown =>
    placeTasks({ tasks: someTasks(5, { isServiceTask: false }), instances, seed }).placements;
  t.deepEqual(placed(1), placed(1));
  t.notDeepEqual(placed(1), placed(2));
});

test('services of one task each spread over instances that are equal to each of them', (t) => {
  const instances = ['a', 'b', 'c'].map((zone) => anInstance(zone, { zone, memory: 10_000 }));
  const tasks = Array.from({ length: 30 }, (_, index) => aTask(`task-${index}`, { group: `service:${index}` }));
  t.deepEqual(perInstance(placeTasks({ tasks, instances, seed: 3 })), { a: 10, b: 10, c: 10 });
});

test('the earlier task gets the last place, also when tasks of several services take turns', (t) => {
  const tasks = [
    aTask('web-1'),
    aTask('api-1', { group: 'service:api' }),
    aTask('web-2'),
    aTask('api-2', { group: 'service:api' }),
  ];
  const decision = placeTasks({ tasks, instances: [anInstance('one', { memory: 200 })], seed: 1 });
  t.deepEqual(
    decision.placements.map(({ task }) => task),
    ['web-1', 'api-1'],
  );
  t.deepEqual(
    decision.refusals.map(({ task }) => task),
    ['web-2', 'api-2'],
  );
});

test('a static host port is given once an instance, tcp and udp apart', (t) => {
  const instances = [anInstance('a', { usedPorts: ['53/tcp'] }), anInstance('b')];
  const udp = placeTasks({ tasks: someTasks(3, { ports: ['53/udp'] }), instances, seed: 1 });
  t.deepEqual(perInstance(udp), { a: 1, b: 1 });
  t.deepEqual(udp.refusals[0]?.counts, [{ check: 'RESOURCE:PORTS', instances: 2 }]);
  t.deepEqual(perInstance(placeTasks({ tasks: someTasks(1, { ports: ['53/tcp'] }), instances, seed: 1 })), { b: 1 });
});

test('distinctInstance puts each task of a group on an instance of its own', (t) => {
  const instances = [
    anInstance('a', { tasks: { 'service:web': 1 } }),
    anInstance('b', { tasks: { 'service:api': 1 } }),
    anInstance('c'),
  ];
  const decision = placeTasks({ tasks: someTasks(3, { constraints: [{ type: 'distinctInstance' }] }), instances, seed: 1 });
  t.deepEqual(perInstance(decision), { b: 1, c: 1 });
  t.deepEqual(decision.refusals[0]?.counts, [{ check: 'distinctInstance', instances: 3 }]);
});

test('memberOf restricts to the instances that its expression holds for', (t) => {
  const instances = [
    anInstance('a', { zone: 'zone-a', attributes: { stack: 'prod' } }),
    anInstance('b', { zone: 'zone-b', attributes: { stack: 'test' } }),
    anInstance('c', { zone: 'zone-c', attributes: { stack: 'prod' } }),
  ];
  const expression = 'attribute:stack == prod and attribute:ecs.availability-zone != zone-c';
  const decision = placeTasks({ tasks: someTasks(2, { constraints: [{ type: 'memberOf', expression }] }), instances, seed: 1 });
  t.deepEqual(perInstance(decision), { a: 2 });
});

test('an affinity to a group sees the tasks placed in the same decision', (t) => {
  const instances = [anInstance('a', { memory: 10_000 }), anInstance('b', { memory: 10_000 })];
  const near = { group: 'service:cache', constraints: [{ type: 'memberOf' as const, expression: 'task:group == service:web' }] };
  const apart = {
    group: 'service:db',
    constraints: [{ type: 'memberOf' as const, expression: 'not(task:group == service:web)' }],
  };
  const tasks = [aTask('too-early', near), aTask('web'), aTask('near', near), aTask('apart', apart), aTask('near-too', near)];
  const { placements, refusals } = placeTasks({ tasks, instances, seed: 1 });
  const placeOf = (id: string): string | undefined => placements.find(({ task }) => task === id)?.instance;
  t.deepEqual(
    refusals.map(({ task }) => task),
    ['too-early'],
  );
  t.is(placeOf('near'), placeOf('web'));
  t.is(placeOf('near-too'), placeOf('web'));
  t.not(placeOf('apart'), placeOf('web'));
});

test('a limit on runningTasksCount counts the tasks placed in the same decision', (t) => {
  const constraints = [{ type: 'memberOf' as const, expression: 'runningTasksCount < 3' }];
  const instances = [anInstance('a', { tasks: { other: 2 } }), anInstance('b')];
  const decision = placeTasks({ tasks: someTasks(5, { constraints }), instances, seed: 1 });
  t.deepEqual(perInstance(decision), { a: 1, b: 3 });
  t.is(decision.refusals.length, 1);
});

test('StartTask takes the instance it names or none', (t) => {
  const instances = [anInstance('a'), anInstance('b', { memory: 50 }), anInstance('c', { connected: false })];
  const pinned = ['a', 'b', 'c', 'gone'].map((containerInstance) => aTask(`on-${containerInstance}`, { containerInstance }));
  const { placements, refusals } = placeTasks({ tasks: pinned, instances, seed: 1 });
  t.deepEqual(placements, [{ task: 'on-a', instance: 'a' }]);
  t.deepEqual(
    refusals.map(({ task, instances }) => ({ task, instances })),
    [
      { task: 'on-b', instances: [{ instance: 'b', check: 'RESOURCE:MEMORY' }] },
      { task: 'on-c', instances: [{ instance: 'c', check: 'AGENT' }] },
      { task: 'on-gone', instances: [] },
    ],
  );
  t.is(refusals[2]?.because, '(container-instance gone) was not found in your cluster.');
});

test('a task needs every attribute that its task definition requires, with the value if one is given', (t) => {
  const requiredAttributes = [{ name: 'com.amazonaws.ecs.capability.logging-driver.awslogs' }, { name: 'gpu', value: 'a10' }];
  const instances = [
    anInstance('neither'),
    anInstance('other-value', { attributes: { 'com.amazonaws.ecs.capability.logging-driver.awslogs': null, gpu: 't4' } }),
    anInstance('both', { attributes: { 'com.amazonaws.ecs.capability.logging-driver.awslogs': null, gpu: 'a10' }, memory: 100 }),
  ];
  const { placements, refusals } = placeTasks({ tasks: someTasks(2, { requiredAttributes }), instances, seed: 1 });
  t.deepEqual(placements, [{ task: 'task-0', instance: 'both' }]);
  t.deepEqual(refusals[0]?.counts, [
    { check: 'ATTRIBUTE', instances: 2 },
    { check: 'RESOURCE:MEMORY', instances: 1 },
  ]);
});

test('the same decision can be made a task a step', (t) => {
  const request = { tasks: someTasks(10), instances: [anInstance('a', { memory: 500 })], seed: 1 };
  let steps = 0;
  const run = placeTasksStepwise(request);
  let step = run.next();
  for (; !step.done; step = run.next()) steps++;
  t.is(steps, 10);
  t.deepEqual(step.value, placeTasks(request));
});

test('failures are given in the words of ECS', (t) => {
  t.is(failureReason('RESOURCE:MEMORY'), 'RESOURCE:MEMORY');
  t.is(failureReason('memberOf'), 'MemberOf placement constraint unsatisfied.');
  t.is(failureReason('distinctInstance'), 'DistinctInstance placement constraint unsatisfied.');
});
