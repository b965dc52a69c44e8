import test from 'ava';
import { placeTasks } from './place-tasks.ts';
import type { InstanceSnapshot, PlacementRefusal, TaskToPlace } from './placement.ts';
import { anInstance, aTask, someTasks } from './placement-builders.ts';

function refusalOf(task: TaskToPlace, instances: InstanceSnapshot[]): PlacementRefusal {
  const [refusal] = placeTasks({ tasks: [task], instances, seed: 1 }).refusals;
  if (!refusal) throw new Error('the task was placed');
  return refusal;
}

test('a refusal counts the instances per check, names the closest match and says so in the words of ECS', (t) => {
  const instances = [
    anInstance('lost', { connected: false }),
    anInstance('draining', { status: 'DRAINING' }),
    anInstance('small', { memory: 100 }),
    anInstance('closest', { memory: 400 }),
    anInstance('no-cpu', { cpu: 10 }),
  ];
  const refusal = refusalOf(aTask('big', { cpu: 100, memory: 512 }), instances);
  t.deepEqual(refusal.counts, [
    { check: 'RESOURCE:MEMORY', instances: 2 },
    { check: 'AGENT', instances: 1 },
    { check: 'DRAINING', instances: 1 },
    { check: 'RESOURCE:CPU', instances: 1 },
  ]);
  t.deepEqual(refusal.closest, { instance: 'closest', check: 'RESOURCE:MEMORY', lacks: '512 MiB of memory wanted, 400 free' });
  t.is(
    refusal.because,
    'no container instance met all of its requirements. The closest matching (container-instance closest) has insufficient ' +
      'memory available. 5 instances: RESOURCE:MEMORY 2, AGENT 1, DRAINING 1, RESOURCE:CPU 1.',
  );
  t.deepEqual(refusal.instances[1], { instance: 'draining', check: 'DRAINING' });
});

const lackings: {
  of: string;
  task: Parameters<typeof aTask>[1];
  instance: Parameters<typeof anInstance>[1];
  inEvent: string;
  lacks: string;
}[] = [
  {
    of: 'AGENT',
    task: {},
    instance: { connected: false },
    inEvent: "doesn't have the agent connected",
    lacks: 'its agent is not connected',
  },
  {
    of: 'INACTIVE',
    task: {},
    instance: { status: 'INACTIVE' },
    inEvent: 'encountered error "INACTIVE"',
    lacks: 'it is deregistered',
  },
  {
    of: 'DRAINING',
    task: {},
    instance: { status: 'DRAINING' },
    inEvent: 'encountered error "DRAINING"',
    lacks: 'it is draining',
  },
  {
    of: 'ATTRIBUTE',
    task: { requiredAttributes: [{ name: 'gpu', value: 'a10' }, { name: 'disk' }] },
    instance: {},
    inEvent: 'is missing an attribute required by your task',
    lacks: 'no gpu=a10, disk',
  },
  {
    of: 'memberOf',
    task: { constraints: [{ type: 'memberOf', expression: 'attribute:stack == prod' }] },
    instance: {},
    inEvent: 'encountered error "MemberOf placement constraint unsatisfied."',
    lacks: 'not attribute:stack == prod',
  },
  {
    of: 'an expression that cannot be read',
    task: { constraints: [{ type: 'memberOf', expression: 'attribute:stack = prod' }] },
    instance: {},
    inEvent: 'encountered error "MemberOf placement constraint unsatisfied."',
    lacks:
      'Expected an operator of attribute (not_equals, not_exists, not_matches, not_in, !exists, !in, !=, !~, equals, ==, exists, matches, =~, ' +
      'in, greater_than_equal, greater_than, less_than_equal, less_than, >=, >, <=, <) at position 16 of the expression, found "= prod".',
  },
  {
    of: 'distinctInstance',
    task: { constraints: [{ type: 'distinctInstance' }] },
    instance: { tasks: { 'service:web': 1 } },
    inEvent: 'encountered error "DistinctInstance placement constraint unsatisfied."',
    lacks: 'has a task of service:web already',
  },
  {
    of: 'RESOURCE:CPU',
    task: { cpu: 2048 },
    instance: { cpu: 1000 },
    inEvent: 'has insufficient CPU units available',
    lacks: '2048 CPU units wanted, 1000 free',
  },
  {
    of: 'RESOURCE:PORTS',
    task: { ports: ['80/tcp', '81/tcp', '443/tcp'] },
    instance: { usedPorts: ['443/tcp', '80/tcp'] },
    inEvent: 'is already using a port required by your task',
    lacks: '80/tcp, 443/tcp in use',
  },
];

for (const { of, task, instance, inEvent, lacks } of lackings) {
  test(`the event names what the closest instance lacks: ${of}`, (t) => {
    const refusal = refusalOf(aTask('one', task), [anInstance('only', instance)]);
    t.is(refusal.closest?.lacks, lacks);
    t.is(
      refusal.because,
      `no container instance met all of its requirements. The closest matching (container-instance only) ${inEvent}. ` +
        `1 instance: ${refusal.closest?.check} 1.`,
    );
  });
}

test('a cluster without instances is told so in the words of ECS', (t) => {
  const refusal = refusalOf(aTask('one'), []);
  t.deepEqual(refusal.counts, []);
  t.is(
    refusal.because,
    'no container instance met all of its requirements. Reason: No Container Instances were found in your cluster.',
  );
});

test('a refusal lists at most 100 instances and counts all', (t) => {
  const instances = Array.from({ length: 150 }, (_, index) => anInstance(`i${index}`, { memory: 10 }));
  const refusal = refusalOf(aTask('one'), instances);
  t.is(refusal.instances.length, 100);
  t.deepEqual(refusal.counts, [{ check: 'RESOURCE:MEMORY', instances: 150 }]);
});

test('tasks alike share the explanation of their refusal', (t) => {
  const { refusals } = placeTasks({ tasks: someTasks(3), instances: [anInstance('full', { memory: 0 })], seed: 1 });
  t.is(refusals.length, 3);
  t.is(refusals[0]?.instances, refusals[2]?.instances);
});
