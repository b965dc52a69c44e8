/**
 * One round: things that nobody touches, clients at work, faults; then everything healed, a wait for the cluster to come to rest,
 * the reckoning, and all deleted again.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Dice } from '../simulation/dice.ts';
import { deleteServices, deleteTaskDefinitions, stopTasks } from '../support/clean-cluster.ts';
import { LightEcsClient } from '../support/light-ecs-client.ts';
import type { TestCluster } from '../support/test-cluster.ts';
import { ApiCaller } from './api-caller.ts';
import { befallenBy } from './befallen.ts';
import { unexplainedAnswers } from './check-answers.ts';
import { checkHistory, isClean, type Findings } from './check-history.ts';
import { FaultClient } from './clients.ts';
import { planFaults, runFaults, type StruckFault } from './fault-schedule.ts';
import { readContainers, readFinalState, type FinalState } from './final-state.ts';
import { isOpen, newHistory, type History } from './history.ts';
import { startStillTasks, strayRestarts, type StillTasks } from './still-tasks.ts';

export interface RoundOptions {
  cluster: TestCluster;
  /** Of this round alone. */
  seed: number;
  /** How long clients work. */
  lastsMs: number;
  /** Of all clients together. */
  requestsPerSecond: number;
  say: (line: string) => void;
}

export interface RoundResult {
  seed: number;
  faults: StruckFault[];
  history: History;
  requests: number;
  requestsPerSecond: number;
  unanswered: number;
  /** How long the clients worked under faults. */
  workedMs: number;
  /** Refusals and server errors that nothing explains. */
  unexplained: string[];
  /** From the end of the faults until the cluster was as it should be. */
  convergedAfterMs: number;
  findings: Findings;
  strayRestarts: string[];
  /** What the findings are about; of a round that went wrong. */
  state?: FinalState;
}

const clients = 4;
const restWithinMs = 180_000;
/** The cluster must be at rest twice in a row, so long apart. */
const stillAfterMs = 2_000;

export async function runRound(options: RoundOptions): Promise<RoundResult> {
  const { cluster, seed } = options;
  const client = new LightEcsClient({ ...cluster.settings, endpoint: cluster.endpoints[0] ?? '' });
  try {
    const history = newHistory();
    const prefix = `r${seed}`;
    const still = await startStillTasks(cluster, client, prefix, history);
    const began = performance.now();
    const faults = await workUnderFaults(options, prefix, history);
    const workedMs = performance.now() - began;
    await whole(cluster);
    const result = await comeToRest(options, client, history, still, faults);
    await deleteAll(cluster, client);
    const unexplained = unexplainedAnswers(history.entries, faults);
    return { seed, faults, history, workedMs, unexplained, ...count(history, options.lastsMs), ...result };
  } finally {
    client.close();
  }
}

async function workUnderFaults(options: RoundOptions, prefix: string, history: History): Promise<StruckFault[]> {
  const { cluster, seed, lastsMs, requestsPerSecond, say } = options;
  const dice = new Dice(seed);
  const api = new ApiCaller(cluster.settings, cluster.endpoints, history);
  const periodMs = (1_000 * clients) / requestsPerSecond;
  const until = performance.now() + lastsMs;
  try {
    const faulting = runFaults(planFaults(dice.fork('plan'), lastsMs), cluster, dice.fork('faults'), say);
    const working = Array.from({ length: clients }, (_, index) =>
      new FaultClient({ number: index + 1, prefix, api, history, periodMs, dice: dice.fork(`client ${index}`) }).run(until),
    );
    const [faults] = await Promise.all([faulting, ...working]);
    return faults;
  } finally {
    api.close();
  }
}

/** Every program runs: one that ended by itself is a finding of its own. */
async function whole(cluster: TestCluster): Promise<void> {
  const ended = [...cluster.controllers, ...cluster.agents].filter(({ isRunning }) => !isRunning);
  if (ended.length > 0) throw new Error(ended.map((each) => `${each.name} ended by itself:\n${each.lastLines(30)}`).join('\n'));
  await cluster.waitForController();
}

type Reckoning = Pick<RoundResult, 'convergedAfterMs' | 'findings' | 'strayRestarts' | 'state'>;

async function comeToRest(
  { cluster }: RoundOptions,
  client: LightEcsClient,
  history: History,
  still: StillTasks,
  faults: readonly StruckFault[],
): Promise<Reckoning> {
  const began = performance.now();
  const befallen = befallenBy(faults);
  const witnesses = { client, redisSocket: cluster.redisSocket, hosts: cluster.hosts };
  const asked = {
    services: history.services.map(({ name }) => name),
    tasks: history.tasks.map(({ arn }) => arn),
    taskDefinitions: history.taskDefinitions,
  };
  let cleanSince: number | undefined;
  for (;;) {
    const state = await readFinalState(witnesses, asked);
    const findings = checkHistory(history, state, befallen.engineLosses);
    const now = performance.now();
    cleanSince = isClean(findings) ? (cleanSince ?? now) : undefined;
    const isAtRest = cleanSince !== undefined && now - cleanSince >= stillAfterMs;
    if (isAtRest || now - began > restWithinMs) {
      const strays = strayRestarts(still, state.containers, befallen);
      const convergedAfterMs = Math.round((cleanSince ?? now) - began);
      const isGood = isAtRest && strays.length === 0;
      return { convergedAfterMs, findings, strayRestarts: strays, ...(isGood ? {} : { state }) };
    }
    await delay(500);
  }
}

/** What was never sent is no request. */
function count({ entries }: History, lastsMs: number): Pick<RoundResult, 'requests' | 'requestsPerSecond' | 'unanswered'> {
  const sent = entries.filter(({ answer }) => answer.kind !== 'unsent');
  const sentInTime = sent.filter(({ atMs }) => atMs < lastsMs).length;
  return {
    requests: sent.length,
    requestsPerSecond: Math.round((10_000 * sentInTime) / lastsMs) / 10,
    unanswered: sent.filter(({ answer }) => isOpen(answer)).length,
  };
}

const deleteWithinMs = 120_000;

/** Rounds do not meet: nothing of this one runs when the next begins. Throws for what cannot be ended. */
export async function deleteAll({ hosts }: TestCluster, client: LightEcsClient): Promise<void> {
  await deleteServices(client, 'default');
  await stopTasks(client, 'default', deleteWithinMs);
  await deleteTaskDefinitions(client);
  const deadline = performance.now() + deleteWithinMs;
  for (;;) {
    const left = (await readContainers(hosts)).filter(({ running }) => running);
    if (left.length === 0) return;
    if (performance.now() > deadline) throw new Error(`containers run on: ${JSON.stringify(left)}`);
    await delay(200);
  }
}
