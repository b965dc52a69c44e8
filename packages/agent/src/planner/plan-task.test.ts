import test from 'ava';
import type { AssignedContainer, AssignedTask } from '@mini-ecs/shared';
import { aContainer, anAssignedTask } from '../../../../test/support/assigned-tasks.ts';
import { defaultPolicy } from '../domain/agent-policy.ts';
import type { ObservedContainer } from '../domain/observed-container.ts';
import type { ContainerRecord, TaskRecord } from '../domain/task-record.ts';
import { planTask, type TaskPlan } from './plan-task.ts';
import type { StepName } from './steps.ts';
import { newTaskRecord, withAssignment } from './task-records.ts';

const now = 1_000_000;
const taskId = '0123456789abcdef0123456789abcdef';

const observed = (name: string, overrides: Partial<ObservedContainer>): ObservedContainer => ({
  id: `id-${name}`,
  name: `ecs-web-1-${name}-${taskId}`,
  labels: {},
  state: 'created',
  outOfMemory: false,
  error: '',
  health: 'UNKNOWN',
  networkBindings: [],
  ...overrides,
});

type Situation = 'absent' | 'pulled' | 'created' | 'running' | 'gone' | { exits: number } | Partial<ContainerRecord>;

function containerRecord(name: string, situation: Situation): ContainerRecord {
  const known = (state: Partial<ObservedContainer>, rest: Partial<ContainerRecord> = {}): ContainerRecord => ({
    name,
    pulled: true,
    failedStops: 0,
    runtimeId: `id-${name}`,
    observed: observed(name, state),
    ...rest,
  });
  if (situation === 'absent') return { name, pulled: false, failedStops: 0 };
  if (situation === 'pulled') return { name, pulled: true, failedStops: 0 };
  if (situation === 'created') return known({});
  if (situation === 'running') return known({ state: 'running', startedAt: now - 1000 });
  if (situation === 'gone') return known({ state: 'running', startedAt: now - 1000 }, { gone: true });
  if ('exits' in situation)
    return known({ state: 'exited', startedAt: now - 1000, finishedAt: now - 10, exitCode: situation.exits });
  return { name, pulled: true, failedStops: 0, ...situation };
}

function aRecord(
  situations: Record<string, Situation>,
  containers: Partial<AssignedContainer>[],
  more: Partial<TaskRecord> = {},
): TaskRecord {
  const spec = anAssignedTask(taskId, { containers: containers.map((each) => aContainer(each)) });
  const record = withAssignment(newTaskRecord(taskId, now - 5000), 'RUNNING', spec);
  const known = Object.entries(situations).map(([name, situation]) => [name, containerRecord(name, situation)]);
  return { ...record, containers: { ...record.containers, ...Object.fromEntries(known) }, ...more };
}

const plan = (record: TaskRecord, inFlight: Record<string, StepName> = {}, at = now): TaskPlan =>
  planTask(record, {
    now: at,
    inFlight: new Map(Object.entries(inFlight)),
    policy: defaultPolicy,
    owner: { instanceId: 'instance', storeId: 'store' },
  });

const steps = ({ steps: planned }: TaskPlan): string[] => planned.map(({ name, target }) => `${name} ${target}`);

test('every image is pulled at once, whatever the dependencies', (t) => {
  const record = aRecord({}, [{ name: 'app', dependsOn: [{ containerName: 'db', condition: 'HEALTHY' }] }, { name: 'db' }]);
  const planned = plan(record);
  t.deepEqual(steps(planned), ['pull app', 'pull db']);
  t.is(planned.report.lastStatus, 'PENDING');
  t.deepEqual(steps(plan(record, { app: 'pull' })), ['pull db']);
});

test('a container is created under a name and labels that follow from its task', (t) => {
  const [create] = plan(aRecord({ app: 'pulled' }, [{ name: 'app' }])).steps;
  t.is(create?.name, 'create');
  if (create?.name !== 'create') return;
  t.is(create.request.name, `ecs-web-1-app-${taskId}`);
  t.like(create.request.labels, {
    'com.amazonaws.ecs.container-name': 'app',
    'mini-ecs.instance': 'instance',
    'mini-ecs.store': 'store',
  });
  t.deepEqual(steps(plan(aRecord({ app: 'created' }, [{ name: 'app' }]))), ['start app']);
});

const conditions: [
  condition: 'START' | 'COMPLETE' | 'SUCCESS' | 'HEALTHY',
  dependency: Situation,
  outcome: 'starts' | 'waits' | 'fails',
][] = [
  ['START', 'created', 'waits'],
  ['START', 'running', 'starts'],
  ['START', { exits: 1 }, 'starts'],
  ['COMPLETE', 'running', 'waits'],
  ['COMPLETE', { exits: 1 }, 'starts'],
  ['SUCCESS', 'running', 'waits'],
  ['SUCCESS', { exits: 0 }, 'starts'],
  ['SUCCESS', { exits: 1 }, 'fails'],
  ['HEALTHY', 'running', 'waits'],
  [
    'HEALTHY',
    containerRecord('db', {
      runtimeId: 'id-db',
      observed: observed('db', { state: 'running', startedAt: 1, health: 'HEALTHY' }),
    }),
    'starts',
  ],
  ['HEALTHY', { exits: 0 }, 'fails'],
  ['START', { failure: 'CannotPullContainerError: no' }, 'fails'],
  ['START', 'gone', 'starts'],
];
for (const [condition, dependency, outcome] of conditions) {
  const what =
    typeof dependency === 'string'
      ? dependency
      : JSON.stringify(Object.fromEntries(Object.entries(dependency).filter(([key]) => key !== 'observed')));
  test(`a container that depends on ${condition} of one that is ${what} ${outcome}`, (t) => {
    const record = aRecord({ app: 'pulled', db: dependency }, [
      { name: 'app', dependsOn: [{ containerName: 'db', condition }] },
      { name: 'db', essential: false },
    ]);
    const planned = plan(record);
    t.is(steps(planned).includes('create app'), outcome === 'starts');
    t.is(planned.record.stop?.code, outcome === 'fails' ? 'TaskFailedToStart' : undefined);
    if (outcome === 'fails')
      t.regex(planned.report.containers[0]?.reason ?? '', /^CannotStartContainerError: .*depends on container "db"/);
  });
}

test('a dependency that is not met within its startTimeout fails the task', (t) => {
  const containers = [
    { name: 'app', dependsOn: [{ containerName: 'db', condition: 'HEALTHY' as const }] },
    { name: 'db', startTimeout: 10 },
  ];
  const record = aRecord({ app: 'pulled', db: 'running' }, containers);
  t.is(plan(record).wakeAt, now - 1000 + 10_000);
  t.is(plan(record, {}, now + 9_000).record.stop?.code, 'TaskFailedToStart');
});

test('what can never start takes with it what waits for it', (t) => {
  const record = aRecord({ db: { exits: 1 }, mid: 'pulled', app: 'pulled' }, [
    { name: 'app', dependsOn: [{ containerName: 'mid', condition: 'START' }] },
    { name: 'mid', essential: false, dependsOn: [{ containerName: 'db', condition: 'SUCCESS' }] },
    { name: 'db', essential: false },
  ]);
  t.like(plan(record).report, { lastStatus: 'STOPPED', stopCode: 'TaskFailedToStart' });
});

test('links and volumes-from are dependencies too', (t) => {
  const containers = [
    { name: 'app', links: ['db:database'], volumesFrom: [{ sourceContainer: 'data' }] },
    { name: 'db' },
    { name: 'data' },
  ];
  t.false(steps(plan(aRecord({ app: 'pulled', db: 'created', data: 'created' }, containers))).includes('create app'));
  t.true(steps(plan(aRecord({ app: 'pulled', db: 'running', data: 'created' }, containers))).includes('create app'));
});

test('a task is RUNNING when all have started, those that have completed too', (t) => {
  const containers = [{ name: 'app' }, { name: 'init', essential: false }];
  t.is(plan(aRecord({ app: 'created', init: { exits: 0 } }, containers)).report.lastStatus, 'PENDING');
  t.like(plan(aRecord({ app: 'running', init: { exits: 0 } }, containers)).report, {
    lastStatus: 'RUNNING',
    startedAt: now - 1000,
  });
});

test('an essential container that exits stops the others, dependents first', (t) => {
  const containers = [
    { name: 'app' },
    { name: 'proxy', essential: false, dependsOn: [{ containerName: 'cache', condition: 'START' as const }] },
    { name: 'cache', essential: false, stopTimeout: 5 },
  ];
  const planned = plan(aRecord({ app: { exits: 3 }, proxy: 'running', cache: 'running' }, containers));
  t.deepEqual(steps(planned), ['stop proxy']);
  t.like(planned.report, {
    lastStatus: 'STOPPING',
    stopCode: 'EssentialContainerExited',
    stoppedReason: 'Essential container in task exited',
  });
  t.is(planned.report.executionStoppedAt, now - 10);
  const later = plan({
    ...planned.record,
    containers: { ...planned.record.containers, proxy: containerRecord('proxy', { exits: 143 }) },
  });
  t.deepEqual(later.steps, [{ name: 'stop', target: 'cache', runtimeId: 'id-cache', timeoutSeconds: 5 }]);
});

test('a container that is not essential may exit', (t) => {
  const planned = plan(aRecord({ app: 'running', side: { exits: 1 } }, [{ name: 'app' }, { name: 'side', essential: false }]));
  t.deepEqual(steps(planned), []);
  t.is(planned.report.lastStatus, 'RUNNING');
});

test('a task runs without a container that is not essential and failed', (t) => {
  const side = { failure: 'CannotPullContainerError: no such image' };
  const planned = plan(aRecord({ app: 'running', side }, [{ name: 'app' }, { name: 'side', essential: false }]));
  t.is(planned.report.lastStatus, 'RUNNING');
  t.like(planned.report.containers[1], { lastStatus: 'STOPPED', reason: 'CannotPullContainerError: no such image' });
});

test('an essential container that failed fails the task', (t) => {
  const app = { failure: 'CannotPullContainerError: no such image' };
  const planned = plan(aRecord({ app, side: 'running' }, [{ name: 'app' }, { name: 'side', essential: false }]));
  t.like(planned.report, { lastStatus: 'STOPPING', stopCode: 'TaskFailedToStart', stoppedReason: 'Task failed to start' });
  t.deepEqual(steps(planned), ['stop side']);
});

test('a container is never created or started twice', (t) => {
  for (const situation of ['gone', { exits: 0 }] as const) {
    const planned = plan(aRecord({ app: situation }, [{ name: 'app' }]));
    t.deepEqual(steps(planned), []);
    t.like(planned.report, { lastStatus: 'STOPPED', stopCode: 'EssentialContainerExited' });
  }
  t.is(
    plan(aRecord({ app: 'gone' }, [{ name: 'app' }])).report.containers[0]?.reason,
    'Container was removed from the container engine',
  );
});

test('a container killed for its memory says so in the words of ECS', (t) => {
  const app = {
    runtimeId: 'id',
    observed: observed('app', { state: 'exited', startedAt: 1, finishedAt: 2, exitCode: 137, outOfMemory: true }),
  };
  t.like(plan(aRecord({ app }, [{ name: 'app' }])).report.containers[0], {
    exitCode: 137,
    reason: 'OutOfMemoryError: Container killed due to memory usage',
  });
});

test('a start that failed while the agent was away is found in what the engine remembers', (t) => {
  const app = { runtimeId: 'id', observed: observed('app', { error: 'port is already allocated' }) };
  const { report } = plan(aRecord({ app }, [{ name: 'app' }]));
  t.like(report, { lastStatus: 'STOPPED', stopCode: 'TaskFailedToStart' });
  t.is(report.containers[0]?.reason, 'CannotStartContainerError: Error response from daemon: port is already allocated');
});

test('a task to be stopped has no cause of its own, whatever its containers do then', (t) => {
  const first = plan(aRecord({ app: 'running' }, [{ name: 'app' }], { desiredStatus: 'STOPPED' }));
  t.deepEqual(first.steps, [{ name: 'stop', target: 'app', runtimeId: 'id-app', timeoutSeconds: 30 }]);
  const second = plan({ ...first.record, containers: { app: containerRecord('app', { exits: 143 }) } });
  t.like(second.report, { lastStatus: 'STOPPED', stopCode: undefined, stoppedAt: now });
});

test('a task to be stopped does not wait for a pull, but for a creation and a start', (t) => {
  const record = aRecord({ app: 'absent' }, [{ name: 'app' }], { desiredStatus: 'STOPPED' });
  t.is(plan(record, { app: 'pull' }).report.lastStatus, 'STOPPED');
  t.is(plan(record, { app: 'create' }).report.lastStatus, 'STOPPING');
  t.is(
    plan(aRecord({ app: 'created' }, [{ name: 'app' }], { desiredStatus: 'STOPPED' }), { app: 'start' }).report.lastStatus,
    'STOPPING',
  );
});

test('a container that survives its stop is killed, and again later', (t) => {
  const app = { ...containerRecord('app', 'running'), failedStops: 1, stopAgainAt: now + 500 };
  const record = aRecord({ app }, [{ name: 'app' }], { desiredStatus: 'STOPPED' });
  t.deepEqual(plan(record).steps, []);
  t.is(plan(record).wakeAt, now + 500);
  t.deepEqual(steps(plan(record, {}, now + 500)), ['kill app']);
});

test('a task known from its labels only runs on until the store has spoken', (t) => {
  const record: TaskRecord = {
    ...newTaskRecord(taskId, now),
    containers: { app: containerRecord('app', 'running'), side: containerRecord('side', { exits: 1 }) },
  };
  t.deepEqual(steps(plan(record)), []);
  t.is(plan(record).report.lastStatus, 'RUNNING');
  t.deepEqual(steps(plan({ ...record, desiredStatus: 'STOPPED' })), ['stop app']);
  t.like(plan({ ...record, containers: { app: containerRecord('app', { exits: 0 }) } }).report, {
    stopCode: 'EssentialContainerExited',
  });
});

test('a volume with settings of its own is made before the containers that mount it', (t) => {
  const containers = [
    aContainer({ name: 'app', mountPoints: [{ sourceVolume: 'data', containerPath: '/data' }] }),
    aContainer({ name: 'side' }),
  ];
  const volumes: AssignedTask['volumes'] = [{ name: 'data', docker: { scope: 'shared', autoprovision: true } }];
  const spec = anAssignedTask(taskId, { containers, volumes });
  const record = withAssignment(newTaskRecord(taskId, now), 'RUNNING', spec);
  record.containers = { app: containerRecord('app', 'pulled'), side: containerRecord('side', 'pulled') };
  t.deepEqual(steps(plan(record)), ['createVolume volume/data', 'create side']);
  t.deepEqual(steps(plan({ ...record, volumes: ['data'] })), ['create app', 'create side']);
});

test('the health of a task is that of its essential containers with a health check', (t) => {
  const healthy = (health: 'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN'): Partial<ContainerRecord> => ({
    runtimeId: 'id',
    observed: observed('app', { state: 'running', startedAt: 1, health }),
  });
  const healthCheck = { command: ['CMD', 'true'] };
  const containers = [{ name: 'app', healthCheck }, { name: 'db', healthCheck }, { name: 'side' }];
  const health = (app: Situation, db: Situation) => plan(aRecord({ app, db, side: 'running' }, containers)).report.healthStatus;
  t.is(health(healthy('HEALTHY'), healthy('HEALTHY')), 'HEALTHY');
  t.is(health(healthy('HEALTHY'), healthy('UNKNOWN')), 'UNKNOWN');
  t.is(health(healthy('UNHEALTHY'), healthy('HEALTHY')), 'UNHEALTHY');
  t.is(plan(aRecord({ app: 'running' }, [{ name: 'app' }])).report.healthStatus, 'UNKNOWN');
});

test("on the host's network a container's ports are the host's", (t) => {
  const spec = anAssignedTask(taskId, {
    networkMode: 'host',
    containers: [aContainer({ portMappings: [{ containerPort: 8080 }] })],
  });
  const record = withAssignment(newTaskRecord(taskId, now), 'RUNNING', spec);
  const { report } = plan({ ...record, containers: { app: containerRecord('app', 'running') } });
  t.deepEqual(report.containers[0]?.networkBindings, [
    { bindIP: '0.0.0.0', containerPort: 8080, hostPort: 8080, protocol: 'tcp' },
  ]);
});

test('a discarded task loses its containers, then its volumes, then itself', (t) => {
  const volumes = [{ name: 'own' }, { name: 'theirs', docker: { scope: 'shared' as const, autoprovision: true } }];
  const spec = anAssignedTask(taskId, { volumes });
  const record = {
    ...withAssignment(newTaskRecord(taskId, now), 'STOPPED', spec),
    discarded: true,
    containers: { app: containerRecord('app', { exits: 0 }) },
  };
  t.deepEqual(steps(plan(record)), ['remove app']);
  const empty = { ...record, containers: { app: { ...containerRecord('app', { exits: 0 }), gone: true } } };
  t.deepEqual(steps(plan(empty)), ['removeVolume volume/ecs-web-1-own-' + taskId]);
  t.true(plan({ ...empty, removedVolumes: [`ecs-web-1-own-${taskId}`] }).finished);
});
