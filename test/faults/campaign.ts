/** Rounds of faults on one lab, counted; a round that fails leaves its seed, history and evidence in a file. */
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { unlessAborted } from '../support/interruption.ts';
import { TestCluster } from '../support/test-cluster.ts';
import { isClean } from './check-history.ts';
import { runRound, type RoundResult } from './round.ts';

export interface CampaignOptions {
  /** At least 1. */
  rounds: number;
  /** The first round's; the next has the next one. */
  seed: number;
  /** How long the clients of a round work. @default 40 */
  seconds?: number;
  say?: (line: string) => void;
  /** Ends the campaign with the rounds that it has; the one under way does not count. */
  signal?: AbortSignal;
}

export interface CampaignFigures {
  seed: number;
  rounds: number;
  failed: number;
  /** What a round was asked to last. */
  secondsPerRound: number;
  /** By kind. */
  faults: Record<string, number>;
  requests: number;
  /** Of the round with the fewest. */
  requestsPerSecond: number;
  unanswered: number;
  /** What the API refused or failed at, by error code. */
  refusals: Record<string, number>;
  lostWrites: number;
  surplusTasks: number;
  missingTasks: number;
  strayRestarts: number;
  contradictions: number;
  staleReads: number;
  /** Refusals and server errors that nothing explains. */
  unexplained: number;
  /** From the last fault healed to the cluster as it should be: the longest. */
  convergedAfterMs: number;
  failedSeeds: number[];
  evidence: string[];
}

const hosts = 3;
const controllers = 2;
const requestsPerSecond = 8;
const defaultSeconds = 40;
/** What makes a round one. */
const least = { faults: 3, requestsPerSecond: 5 };

export const startFaultCluster = (): Promise<TestCluster> => TestCluster.start({ hosts, controllers });

export async function runCampaign(options: CampaignOptions): Promise<CampaignFigures> {
  const { rounds, seed, seconds = defaultSeconds, say = () => undefined, signal } = options;
  if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError(`a campaign has at least one round, not ${rounds}`);
  if (!(seconds > 0)) throw new RangeError(`a round lasts some seconds, not ${seconds}`);
  const figures = noFigures(seed, seconds);
  let cluster = await startFaultCluster();
  const isInterrupted = (): boolean => signal?.aborted === true;
  try {
    for (let round = 0; round < rounds && !isInterrupted(); round += 1) {
      const own = seed + round;
      say(`round ${round + 1} of ${rounds}, seed ${own}`);
      const running = runRound({ cluster, seed: own, lastsMs: seconds * 1_000, requestsPerSecond, say });
      const result = await unlessAborted(running, signal).catch(asError);
      if (signal?.aborted) break;
      const problem = result instanceof Error ? String(result.stack) : problemOf(result, seconds);
      figures.rounds += 1;
      if (!(result instanceof Error)) add(figures, result);
      say(`  ${problem === undefined ? 'good' : 'FAILED'}${result instanceof Error ? '' : `: ${summary(result)}`}`);
      if (problem === undefined) continue;
      figures.failed += 1;
      figures.failedSeeds.push(own);
      figures.evidence.push(await writeEvidence(own, problem, result, cluster));
      say(`${problem.slice(0, 3_000)}\n  evidence in ${figures.evidence.at(-1)}`);
      // What is left of a failed round must not spoil the next.
      if (round + 1 < rounds) {
        await cluster.destroy();
        cluster = await startFaultCluster();
      }
    }
    return figures;
  } finally {
    await cluster.destroy();
  }
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

function problemOf(result: RoundResult, seconds: number): string | undefined {
  const { findings, strayRestarts, unexplained, history } = result;
  const shortcomings = shortcomingsOf(result, seconds);
  const others = { strayRestarts, staleReads: history.staleReads, unexplained, shortcomings };
  if (isClean(findings) && Object.values(others).every(({ length }) => length === 0)) return undefined;
  return JSON.stringify({ ...findings, ...others }, undefined, 2);
}

/** A round that struck or asked too little proves nothing, however well it went. */
export function shortcomingsOf(
  { faults, requestsPerSecond, workedMs }: Pick<RoundResult, 'faults' | 'requestsPerSecond' | 'workedMs'>,
  seconds = defaultSeconds,
): string[] {
  return [
    ...(faults.length < least.faults ? [`${faults.length} faults struck, fewer than ${least.faults}`] : []),
    ...(requestsPerSecond < least.requestsPerSecond
      ? [`${requestsPerSecond} requests/s, fewer than ${least.requestsPerSecond}`]
      : []),
    ...(workedMs < seconds * 1_000 ? [`it lasted ${(workedMs / 1_000).toFixed(1)} s, less than ${seconds} s`] : []),
  ];
}

const summary = ({ requests, requestsPerSecond, unanswered, convergedAfterMs }: RoundResult): string =>
  `${requests} requests (${requestsPerSecond}/s, ${unanswered} unanswered), at rest after ${(convergedAfterMs / 1_000).toFixed(1)} s`;

function noFigures(seed: number, secondsPerRound: number): CampaignFigures {
  const none = {
    requests: 0,
    unanswered: 0,
    lostWrites: 0,
    surplusTasks: 0,
    missingTasks: 0,
    strayRestarts: 0,
    contradictions: 0,
    staleReads: 0,
    unexplained: 0,
  };
  return {
    seed,
    rounds: 0,
    failed: 0,
    secondsPerRound,
    faults: {},
    refusals: {},
    requestsPerSecond: Infinity,
    ...none,
    convergedAfterMs: 0,
    failedSeeds: [],
    evidence: [],
  };
}

function add(figures: CampaignFigures, result: RoundResult): void {
  const { faults, findings, history } = result;
  for (const { kind } of faults) figures.faults[kind] = (figures.faults[kind] ?? 0) + 1;
  for (const { answer } of history.entries) {
    if (answer.kind !== 'refused' && answer.kind !== 'failed') continue;
    const code = /"__type":"(\w+)"/.exec(answer.error)?.[1] ?? answer.error.trim().slice(0, 100);
    figures.refusals[code] = (figures.refusals[code] ?? 0) + 1;
  }
  figures.requests += result.requests;
  figures.requestsPerSecond = Math.min(figures.requestsPerSecond, result.requestsPerSecond);
  figures.unanswered += result.unanswered;
  figures.lostWrites += findings.lostWrites.length;
  figures.surplusTasks += findings.surplusTasks.length;
  figures.missingTasks += findings.missingTasks.length;
  figures.contradictions += findings.contradictions.length;
  figures.strayRestarts += result.strayRestarts.length;
  figures.staleReads += history.staleReads.length;
  figures.unexplained += result.unexplained.length;
  figures.convergedAfterMs = Math.max(figures.convergedAfterMs, result.convergedAfterMs);
}

async function writeEvidence(seed: number, problem: string, result: RoundResult | Error, cluster: TestCluster): Promise<string> {
  const file = path.join(tmpdir(), `mini-ecs-faults-${seed}.txt`);
  const logs = [...cluster.controllers, ...cluster.agents].map((each) => `── log of ${each.logFile}\n${each.lastLines(3_000)}`);
  const described = await cluster.describe().catch(String);
  const history = result instanceof Error ? '' : historyText(result);
  writeFileSync(file, [`seed ${seed}`, problem, history, described, ...logs].join('\n\n'));
  return file;
}

function historyText({ faults, history, state }: RoundResult): string {
  const entries = history.entries
    .toSorted((a, b) => a.atMs - b.atMs)
    .map(
      ({ atMs, tookMs, client, controller, operation, input, answer }) =>
        `${atMs} +${tookMs} ms client ${client} → ${controller + 1} ${operation} ${JSON.stringify(input)}: ${JSON.stringify(answer).slice(0, 1_500)}`,
    );
  return [
    '── faults',
    ...faults.map((fault) => JSON.stringify(fault)),
    '── history',
    ...entries,
    '── owned',
    ...[...history.services, ...history.tasks, ...history.runs].map((owned) => JSON.stringify(owned)),
    '── state',
    JSON.stringify(
      state ?? {},
      (_, value: unknown) => (value instanceof Map ? [...value] : value instanceof Set ? [...value] : value),
      1,
    ),
  ].join('\n');
}
