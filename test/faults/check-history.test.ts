/** The reckoning of a campaign finds what is wrong: each kind of damage is done to a good state in turn. */
import test from 'ava';
import { befallenBy, type EngineLoss } from './befallen.ts';
import { shortcomingsOf } from './campaign.ts';
import { unexplainedAnswers } from './check-answers.ts';
import { checkHistory, type Findings } from './check-history.ts';
import type { FaultKind } from './fault-kinds.ts';
import type { StruckFault } from './fault-schedule.ts';
import type { FinalState } from './final-state.ts';
import type { Answer, History } from './history.ts';
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
  runs: [{ startedBy: 'run-1', count: 2, isAnswered: true }],
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
    startedBy: service === '' ? 'run-1' : 'ecs-svc/1',
    stoppedReason: '',
    createdAt: 1_000,
    startedAt: 2_000,
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

function found(
  damage: (state: FinalState, history: History) => void,
  engineLosses: readonly EngineLoss[] = [],
): (keyof Findings)[] {
  const [history, state] = [aHistory(), aState()];
  damage(state, history);
  const findings = checkHistory(history, state, engineLosses);
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
  const loss = { host: 'h1', fromMs: 5_000, untilMs: 9_000 };
  t.deepEqual(found(ended, [loss]), [], 'a standalone task ends with the engine that it ran on');
  t.deepEqual(found(ended, [{ ...loss, host: 'h2' }]), ['missingTasks']);
  const started = (atMs: number) => (state: FinalState) => {
    ended(state);
    state.tasks[2]!.startedAt = atMs;
  };
  t.deepEqual(found(started(8_000), [loss]), [], 'it may have been started while the engine came back');
  t.deepEqual(found(started(9_500), [loss]), ['missingTasks'], 'what started on the engine that came back does not end with it');
  const stopped = (state: FinalState): void => {
    ended(state);
    state.tasks[2]!.stoppedAt = 4_000;
  };
  t.deepEqual(found(stopped, [loss]), ['missingTasks'], 'what had stopped before was not stopped by it');
});

test('a RunTask that was carried out twice leaves tasks that no answer named', (t) => {
  const again = (startedBy: string) => (state: FinalState) => {
    state.tasks.push({ ...state.tasks[2]!, arn: arnOf('again'), startedBy });
    state.containers.push({ ...state.containers[2]!, id: 'container-again', taskArn: arnOf('again') });
    state.redis.tasks.set('again', { lastStatus: 'RUNNING', desiredStatus: 'RUNNING' });
  };
  const unanswered = (count: number, damage: (state: FinalState) => void) => (state: FinalState, history: History) => {
    history.runs.push({ startedBy: 'run-2', count, isAnswered: false });
    damage(state);
  };
  t.deepEqual(found(again('run-1')), ['surplusTasks']);
  t.deepEqual(found(again('run-2')), ['surplusTasks'], 'nobody sent such a RunTask');
  t.deepEqual(found(unanswered(1, again('run-2'))), [], 'a RunTask without an answer may have started it');
  t.deepEqual(found(unanswered(0, again('run-2'))), ['surplusTasks'], 'more tasks than it asked for');
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
    const engineLosses = engineless.map((host) => ({ host, fromMs: 5_000, untilMs: 9_000 }));
    return strayRestarts(before, now, { hosts: new Set(hosts), engineLosses }).length;
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

const aFault = (kind: FaultKind, host: string | undefined, lastedMs: number): StruckFault => ({
  kind,
  host,
  what: '',
  endsContainers: kind === 'dockerKill',
  atMs: 10_000,
  lastedMs,
  fromMs: 50_000,
  untilMs: 50_000 + lastedMs,
});

test('a service may move from a host that could be judged lost or lost its engine, and from no other', (t) => {
  const hosts = (...faults: StruckFault[]): string[] => [...befallenBy(faults).hosts];
  t.deepEqual(hosts(aFault('agentPause', 'h1', 1_000)), []);
  t.deepEqual(hosts(aFault('agentPause', 'h1', 12_000)), ['h1']);
  t.deepEqual(hosts(aFault('agentPause', 'h1', 1_200), aFault('loss', 'h1', 600)), ['h1'], 'one absence may follow on another');
  t.deepEqual(hosts(aFault('dockerKill', 'h2', 500)), ['h2']);
  t.deepEqual(hosts(aFault('redisKill', undefined, 12_000)), []);
});

test('a refusal or a server error fails a round unless a fault explains it', (t) => {
  const problems = (operation: string, answer: Answer, ...faults: StruckFault[]): number =>
    unexplainedAnswers([{ atMs: 12_000, tookMs: 100, client: 1, controller: 0, operation, input: {}, answer }], faults).length;
  t.is(problems('UpdateService', { kind: 'done', output: {} }), 0);
  t.is(
    problems('UpdateService', { kind: 'refused', error: '400 ServiceNotActiveException' }, aFault('redisKill', undefined, 1)),
    1,
  );
  t.is(problems('UpdateService', { kind: 'failed', error: '500 ServerException' }, aFault('redisKill', undefined, 1)), 1);
  t.is(problems('UpdateService', { kind: 'unknown', error: '503 ServiceUnavailableException' }), 0);
  t.is(problems('UpdateService', { kind: 'unsent', error: 'ECONNREFUSED' }), 0);
  const noPlace = (...reasons: string[]): Answer => ({
    kind: 'done',
    output: { failures: reasons.map((reason) => ({ arn: 'arn', reason })) },
  });
  t.is(problems('RunTask', noPlace('UNPLACED')), 1);
  t.is(problems('RunTask', noPlace('UNPLACED'), aFault('controllerPause', undefined, 4_000)), 0);
  t.is(problems('RunTask', noPlace('AGENT'), aFault('partition', 'h1', 4_000)), 0);
  t.is(problems('RunTask', noPlace('AGENT', 'AGENT'), aFault('partition', 'h1', 4_000)), 2, 'only one instance can be away');
  t.is(problems('RunTask', noPlace('RESOURCE:MEMORY'), aFault('partition', 'h1', 4_000)), 1, 'there is room for all');
  t.is(problems('RunTask', noPlace('AGENT'), { ...aFault('partition', 'h1', 4_000), atMs: 13_000 }), 1, 'it struck afterwards');
});

test('a round that was too short, or struck or asked too little, has failed', (t) => {
  const faults = [aFault('loss', 'h1', 1), aFault('agentKill', 'h2', 1), aFault('redisKill', undefined, 1)];
  const round = { faults, requestsPerSecond: 5, workedMs: 40_000 };
  t.deepEqual(shortcomingsOf(round), []);
  t.is(shortcomingsOf({ ...round, faults: faults.slice(1) }).length, 1);
  t.is(shortcomingsOf({ ...round, requestsPerSecond: 4.9 }).length, 1);
  t.is(shortcomingsOf({ ...round, workedMs: 39_000 }).length, 1);
  t.is(shortcomingsOf({ ...round, workedMs: 12_000 }, 10).length, 0, 'unless it was asked to be shorter');
});
