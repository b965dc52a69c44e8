/** The reckoning of a campaign finds what is wrong: each kind of damage is done to a good state in turn. */
import test from 'ava';
import { checkHistory, type Findings } from './check-history.ts';
import type { FinalState } from './final-state.ts';
import type { History } from './history.ts';
import { strayRestarts } from './still-tasks.ts';

const prefix = 'arn:aws:ecs:us-east-1:000000000000';
const arnOf = (id: string): string => `${prefix}:task/default/${id}`;
const definition = `${prefix}:task-definition/app:1`;

const aHistory = (): History => ({
  entries: [],
  services: [{ name: 'web', mayBe: [{ desiredCount: 2, taskDefinition: 'app:1', mark: '3' }] }],
  tasks: [
    { arn: arnOf('alone'), wish: 'running' },
    { arn: arnOf('gone'), wish: 'stopped' },
  ],
  taskDefinitions: [definition],
  staleReads: [],
});

/** Two tasks of a service on two hosts, a standalone one, and one that was stopped. */
function aState(): FinalState {
  const task = (id: string, service: string, host: string) => ({
    arn: arnOf(id),
    service,
    lastStatus: 'RUNNING',
    desiredStatus: 'RUNNING',
    connectivity: 'CONNECTED',
    host,
    stoppedReason: '',
  });
  const container = (id: string, host: string) => ({
    host,
    id: `container-${id}`,
    taskArn: arnOf(id),
    running: true,
    startedAt: '2026-01-01T00:00:00Z',
    restartCount: 0,
  });
  const running = { lastStatus: 'RUNNING', desiredStatus: 'RUNNING' };
  return {
    services: [
      {
        name: 'web',
        state: { desiredCount: 2, taskDefinition: 'app:1', mark: '3' },
        runningCount: 2,
        pendingCount: 0,
        deployments: 1,
      },
    ],
    tasks: [
      task('one', 'web', 'h1'),
      task('two', 'web', 'h2'),
      task('alone', '', 'h1'),
      { ...task('gone', '', 'h2'), lastStatus: 'STOPPED', desiredStatus: 'STOPPED' },
    ],
    taskDefinitions: [definition],
    containers: [container('one', 'h1'), container('two', 'h2'), container('alone', 'h1')],
    redis: {
      services: new Map([['web', 2]]),
      tasks: new Map([
        ['one', running],
        ['two', running],
        ['alone', running],
        ['gone', { lastStatus: 'STOPPED', desiredStatus: 'STOPPED' }],
      ]),
      taskDefinitions: new Set(['app:1']),
      instances: [{ id: 'i', taken: { cpu: 20, memory: 64 }, used: { cpu: 20, memory: 64 } }],
    },
  };
}

const nowhere: ReadonlySet<string> = new Set();

function found(damage: (state: FinalState, history: History) => void, engineless = nowhere): (keyof Findings)[] {
  const [history, state] = [aHistory(), aState()];
  damage(state, history);
  const findings = checkHistory(history, state, engineless);
  return (Object.keys(findings) as (keyof Findings)[]).filter((kind) => findings[kind].length > 0);
}

test('a cluster as its clients left it has no findings', (t) => {
  t.deepEqual(
    found(() => undefined),
    [],
  );
});

test('an acknowledged write that is not there is lost', (t) => {
  t.deepEqual(
    found((state) => void (state.services[0]!.state = { desiredCount: 2, taskDefinition: 'app:1', mark: '2' })),
    ['lostWrites'],
  );
  t.true(found((state) => void state.services.splice(0, 1)).includes('lostWrites'));
  t.deepEqual(
    found((state) => void state.taskDefinitions.pop()),
    ['lostWrites'],
  );
  t.true(found((state) => void state.tasks.splice(2, 1)).includes('lostWrites'));
  t.true(found((state) => void (state.tasks[3]!.desiredStatus = 'RUNNING')).includes('lostWrites'));
});

test('a request without an answer may have happened or not', (t) => {
  const either = (mark: string) => (state: FinalState, history: History) => {
    history.services[0]!.mayBe.push({ desiredCount: 2, taskDefinition: 'app:1', mark: '4' });
    state.services[0]!.state = { desiredCount: 2, taskDefinition: 'app:1', mark };
  };
  t.deepEqual(found(either('3')), []);
  t.deepEqual(found(either('4')), []);
  t.deepEqual(found(either('5')), ['lostWrites']);
});

test('tasks and containers too many are surplus', (t) => {
  const third = (state: FinalState): void => {
    state.tasks.push({ ...state.tasks[0]!, arn: arnOf('three') });
    state.containers.push({ ...state.containers[0]!, id: 'container-three', taskArn: arnOf('three') });
    state.redis.tasks.set('three', { lastStatus: 'RUNNING', desiredStatus: 'RUNNING' });
  };
  t.deepEqual(found(third), ['surplusTasks']);
  t.deepEqual(
    found((state) => void state.containers.push({ ...state.containers[0]!, id: 'twin' })),
    ['surplusTasks'],
  );
  t.deepEqual(
    found((state) => void state.containers.push({ ...state.containers[0]!, taskArn: arnOf('gone') })),
    ['surplusTasks'],
  );
});

test('tasks and containers too few are missing', (t) => {
  t.deepEqual(
    found((state) => void state.containers.splice(0, 1)),
    ['missingTasks'],
  );
  t.deepEqual(
    found((state) => void (state.tasks[0]!.connectivity = 'DISCONNECTED')),
    ['missingTasks'],
  );
  const ended = (state: FinalState): void => {
    Object.assign(state.tasks[2]!, { lastStatus: 'STOPPED', desiredStatus: 'STOPPED' });
    state.redis.tasks.set('alone', { lastStatus: 'STOPPED', desiredStatus: 'STOPPED' });
    state.containers.splice(2, 1);
  };
  t.deepEqual(found(ended), ['missingTasks']);
  t.deepEqual(found(ended, new Set(['h1'])), [], 'a standalone task ends with the engine that it ran on');
});

test('witnesses that do not agree contradict each other', (t) => {
  t.deepEqual(
    found((state) => void state.redis.services.set('web', 3)),
    ['contradictions'],
  );
  t.deepEqual(
    found((state) => void state.redis.tasks.set('one', { lastStatus: 'PENDING', desiredStatus: 'RUNNING' })),
    ['contradictions'],
  );
  t.deepEqual(
    found((state) => void (state.redis.instances[0]!.taken.cpu = 30)),
    ['contradictions'],
  );
  t.deepEqual(
    found((_, history) => void history.taskDefinitions.push(definition)),
    ['contradictions'],
  );
});

test('a container that no fault befell must be the same one', (t) => {
  const { containers } = aState();
  const before = { standalone: new Set([arnOf('alone')]), containers };
  const strays = (change: (now: FinalState['containers']) => void, hosts: string[] = [], engineless: string[] = []): number => {
    const now = structuredClone(containers);
    change(now);
    return strayRestarts(before, now, { hosts: new Set(hosts), engineless: new Set(engineless) }).length;
  };
  t.is(
    strays(() => undefined),
    0,
  );
  t.is(
    strays((now) => void (now[0]!.startedAt = '2026-01-01T00:00:09Z')),
    1,
  );
  t.is(
    strays((now) => void (now[0]!.running = false)),
    1,
  );
  t.is(
    strays((now) => void (now[0]!.running = false), ['h1']),
    0,
    'a service may move from a host in trouble',
  );
  t.is(
    strays((now) => void (now[2]!.running = false), ['h1']),
    1,
    'a standalone task stays on a host in trouble',
  );
  t.is(
    strays((now) => void (now[2]!.running = false), ['h1'], ['h1']),
    0,
  );
  t.is(
    strays((now) => void (now[1]!.restartCount = 1)),
    1,
  );
});
