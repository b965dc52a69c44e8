/**
 * A run of the fuzzer: slices of requests, several under way at once, hostile agents beside them; after each slice everything is
 * deleted and the controller's memory looked at.
 */
import { parseJoinToken, type JoinToken } from '@mini-ecs/shared';
import { createJoinToken } from 'mini-ecs';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Dice } from '../simulation/dice.ts';
import {
  callIfThere,
  deleteServices,
  deleteTaskDefinitions,
  deregisterInstances,
  listAll,
  stopTasks,
} from '../support/clean-cluster.ts';
import { FleetCluster } from '../support/fleet-cluster.ts';
import { unlessAborted } from '../support/interruption.ts';
import { fuzzRequest, type FuzzRequest } from './fuzz-request.ts';
import { hostilePeer } from './hostile-agents.ts';
import { learn, nothingKnown } from './known-objects.ts';
import { send, type Outcome } from './sender.ts';
import { clusterNames } from './sound-requests.ts';

export interface FuzzOptions {
  requests: number;
  seed: number;
  /** Requests between two deletions of everything. @default 10000 */
  sliceOf?: number;
  /** The run ends then, with what it has. */
  withinMs?: number;
  say?: (line: string) => void;
  signal?: AbortSignal;
}

export interface FuzzFigures {
  seed: number;
  requests: number;
  /** Signed calls that were answered with success. */
  accepted: number;
  acceptedPercent: number;
  /** Answers of 500 and above. */
  serverErrors: number;
  /** Ends of the controller's process. */
  crashes: number;
  /** Requests without any answer. */
  unanswered: number;
  /** Answers that are no AWS error. */
  flaws: number;
  /** What the controller logged as an error: work in the background fails where no answer tells of it. */
  errorLogs: number;
  hostileAgents: number;
  /** With everything deleted, after the first slice and at the end. */
  rssStartMb: number;
  rssEndMb: number;
  rssMb: number[];
  requestsPerSecond: number;
  errorsByCode: Record<string, number>;
  /** File with the requests that went wrong, if any did. */
  evidence?: string;
}

const requestsAtOnce = 16;
const requestsPerHostileAgent = 100;
const hostileAgentsAtOnce = 4;
/** The fleet's instances get deregistered and drained along the way: a new fleet comes so often. */
const requestsPerFleet = 2_000;

/** Rejects when it is interrupted. */
export async function runFuzz(options: FuzzOptions): Promise<FuzzFigures> {
  const cluster = await FleetCluster.start({ instances: 6, startMs: 20, collectsOnDemand: true });
  try {
    return await unlessAborted(new FuzzRun(cluster, options).run(), options.signal);
  } finally {
    await cluster.destroy();
  }
}

class FuzzRun {
  readonly #cluster: FleetCluster;
  readonly #options: FuzzOptions;
  readonly #say: (line: string) => void;
  readonly #deadline: number;
  readonly #evidence: string;
  readonly #errorsByCode = new Map<string, number>();
  readonly #hostile = new Set<Promise<void>>();
  readonly #rssMb: number[] = [];
  #known = nothingKnown();
  #next = 0;
  #requests = 0;
  #accepted = 0;
  #serverErrors = 0;
  #crashes = 0;
  #unanswered = 0;
  #flaws = 0;
  #hostileAgents = 0;
  #errorLogs: string[] = [];
  #foundWrong: string[] = [];
  #restarting: Promise<void> | undefined;

  constructor(cluster: FleetCluster, options: FuzzOptions) {
    this.#cluster = cluster;
    this.#options = options;
    this.#say = options.say ?? (() => undefined);
    this.#deadline = performance.now() + (options.withinMs ?? 3_600_000);
    this.#evidence = path.join(tmpdir(), `mini-ecs-fuzz-${options.seed}.txt`);
    rmSync(this.#evidence, { force: true });
  }

  async run(): Promise<FuzzFigures> {
    const { requests, sliceOf = 10_000 } = this.#options;
    let busyMs = 0;
    for (let most = sliceOf; this.#requests < requests && !this.#isOverdue; most += sliceOf) {
      const began = performance.now();
      await this.#slice(Math.min(most, requests));
      busyMs += performance.now() - began;
      await this.#restart();
      await deleteEverything(this.#cluster);
      this.#known = nothingKnown();
      this.#rssMb.push(await settledRssMb(this.#cluster));
      this.#say(this.#progress());
      if (this.#requests < requests) await this.#cluster.startFleet();
    }
    this.#errorLogs = errorsIn(this.#cluster.controllerLog);
    for (const line of this.#errorLogs) this.#note(this.#next, undefined, `the controller logged: ${line}`);
    return this.#figures(busyMs);
  }

  get #isOverdue(): boolean {
    return performance.now() > this.#deadline;
  }

  async #slice(until: number): Promise<void> {
    while (this.#next < until && !this.#isOverdue) {
      const part = Math.min(until, this.#next + requestsPerFleet);
      await Promise.all(Array.from({ length: requestsAtOnce }, () => this.#worker(part)));
      await Promise.all(this.#hostile);
      if (this.#next < until) await this.#renewFleet();
    }
  }

  async #renewFleet(): Promise<void> {
    await this.#restart();
    await this.#cluster.stopFleet();
    await this.#cluster.startFleet();
  }

  async #worker(until: number): Promise<void> {
    while (this.#next < until && !this.#isOverdue) {
      const number = this.#next++;
      const request = fuzzRequest(this.#options.seed, number, this.#known);
      if (number % requestsPerHostileAgent === 0) this.#letHostileAgentIn(number);
      await this.#send(number, request);
    }
  }

  async #send(number: number, request: FuzzRequest): Promise<void> {
    this.#requests += 1;
    try {
      this.#take(number, request, await send(request, this.#cluster));
    } catch (error) {
      // The front door may close the connection on a body over its limit before all of it is sent.
      if (this.#cluster.controllerIsRunning && request.kind === 'body' && request.body.length > 1_000_000) return;
      this.#unanswered += 1;
      this.#note(number, request, `no answer: ${String(error)}`);
      await this.#restart();
    }
  }

  #take(number: number, request: FuzzRequest, outcome: Outcome): void {
    const { status, code, answer, flaw } = outcome;
    if (status === 200 && request.kind !== 'http') {
      this.#accepted += 1;
      learn(this.#known, answer);
      return;
    }
    const name = code || `HTTP ${status}`;
    this.#errorsByCode.set(name, (this.#errorsByCode.get(name) ?? 0) + 1);
    if (status >= 500 && !isLogElsewhere(request, outcome)) {
      this.#serverErrors += 1;
      this.#note(number, request, `${status} ${code}`);
    } else if (flaw !== undefined && request.kind !== 'http') {
      this.#flaws += 1;
      this.#note(number, request, flaw);
    }
  }

  #letHostileAgentIn(number: number): void {
    if (this.#hostile.size >= hostileAgentsAtOnce) return;
    const dice = new Dice(this.#options.seed).fork(`agent ${number}`);
    const cluster = dice.chance(0.8) ? (clusterNames.at(-1) ?? '') : 'default';
    const peer = this.#joinToken(cluster).then((joinToken) =>
      hostilePeer({ dice, port: this.#cluster.agentPort, known: this.#known, cluster, joinToken }),
    );
    this.#hostileAgents += 1;
    const done = peer.finally(() => this.#hostile.delete(done));
    this.#hostile.add(done);
  }

  /** The clusters come and go under the requests: one that is not there now has no token. */
  async #joinToken(cluster: string): Promise<JoinToken | undefined> {
    const wishes = { cluster, uses: 1, ttlSeconds: 60 };
    const made = await createJoinToken(this.#cluster.settings, wishes).catch(() => undefined);
    return made && parseJoinToken(made.token);
  }

  /** After a crash only; one restart for all who saw it. */
  #restart(): Promise<void> {
    if (this.#cluster.controllerIsRunning) return Promise.resolve();
    this.#restarting ??= (async () => {
      this.#crashes += 1;
      this.#note(this.#next, undefined, `the controller ended:\n${this.#cluster.lastLines()}`);
      await this.#cluster.startController();
      this.#restarting = undefined;
    })();
    return this.#restarting;
  }

  #note(number: number, request: FuzzRequest | undefined, what: string): void {
    const shown = request && shownOf(request);
    this.#foundWrong.push(`#${number} ${request?.kind ?? ''}: ${what}\n${shown?.slice(0, 5_000) ?? ''}`);
    if (this.#foundWrong.length <= 10) this.#say(this.#foundWrong.at(-1)?.slice(0, 1_000) ?? '');
    if (this.#foundWrong.length <= 1_000) writeFileSync(this.#evidence, `${this.#foundWrong.join('\n\n')}\n`);
  }

  #progress(): string {
    const wrong = `${this.#serverErrors} server errors, ${this.#crashes} crashes, ${this.#unanswered} unanswered, ${this.#flaws} flaws`;
    return `${this.#requests} requests, ${this.#accepted} accepted, ${wrong}; ${this.#rssMb.at(-1)} MB with everything deleted`;
  }

  #figures(busyMs: number): FuzzFigures {
    return {
      seed: this.#options.seed,
      requests: this.#requests,
      accepted: this.#accepted,
      acceptedPercent: Math.round((1_000 * this.#accepted) / Math.max(1, this.#requests)) / 10,
      serverErrors: this.#serverErrors,
      crashes: this.#crashes,
      unanswered: this.#unanswered,
      flaws: this.#flaws,
      errorLogs: this.#errorLogs.length,
      hostileAgents: this.#hostileAgents,
      rssStartMb: this.#rssMb[0] ?? 0,
      rssEndMb: this.#rssMb.at(-1) ?? 0,
      rssMb: this.#rssMb,
      requestsPerSecond: Math.round(this.#requests / (busyMs / 1_000)),
      errorsByCode: Object.fromEntries([...this.#errorsByCode].sort(([, a], [, b]) => b - a)),
      ...(this.#foundWrong.length > 0 ? { evidence: this.#evidence } : {}),
    };
  }
}

function shownOf(request: FuzzRequest): string {
  if (request.kind === 'http') return JSON.stringify(request.bytes.toString('latin1'));
  if (request.kind === 'route') return JSON.stringify({ ...request, body: request.body.toString() });
  return `${request.target} (${request.signing}) ${request.body.toString()}`;
}

/** Agents come and go here: one without a session has logs that nobody can read, and that is told with a 503. */
const isLogElsewhere = (request: FuzzRequest, { status }: Outcome): boolean =>
  request.kind === 'route' && request.path === '/-/logs' && status === 503;

/** Lines of level error (50) and above. */
const errorsIn = (logFile: string): string[] =>
  readFileSync(logFile, 'utf8')
    .split('\n')
    .filter((line) => /^\{"level":[5-9]\d,/.test(line))
    .filter((line) => !/"operation":"\/-\/logs[^"]*","code":"ServiceUnavailableException"/.test(line));

/** Tasks on connected instances stop within it; those of instances that are gone stop with these. */
const stopWithinMs = 20_000;

/** The fleet is stopped on the way: agents whose instances are deregistered would knock for ever. */
async function deleteEverything(cluster: FleetCluster): Promise<void> {
  const { client } = cluster;
  const names = (await listAll(client, 'ListClusters', {}, 'clusterArns')).map((arn) => arn.slice(arn.lastIndexOf('/') + 1));
  for (const name of names) await deleteServices(client, name);
  for (const name of names) await stopTasks(client, name, stopWithinMs);
  await cluster.stopFleet();
  for (const name of names) {
    await deregisterInstances(client, name);
    await callIfThere(client, 'DeleteCluster', { cluster: name });
  }
  await deleteTaskDefinitions(client);
  const { settings } = await client.call<{ settings: { name: string }[] }>('ListAccountSettings', {});
  for (const { name } of settings) await callIfThere(client, 'DeleteAccountSetting', { name });
}

/** How long memory that was given back takes to be gone. */
const settleMs = 3_000;

/**
 * Of what the controller keeps: a process with nothing to do leaves garbage where it is, up to 100 MB of it by chance, and so much
 * would hide a leak.
 */
async function settledRssMb(cluster: FleetCluster): Promise<number> {
  await cluster.collectControllerGarbage();
  await delay(settleMs);
  return cluster.controllerRssMb();
}
