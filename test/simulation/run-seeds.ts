/** Runs seeds in processes of their own, as many at a time as there are workers. */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { FaultKind } from './faults.ts';
import type { Guard } from './removed-guards.ts';
import type { SeedResult } from './simulation.ts';

export interface Assignment {
  seeds: number[];
  /** Taken away from the store. */
  guard?: Guard;
  only?: readonly FaultKind[];
  trace?: boolean;
}

export type WorkerMessage = { result: SeedResult; cpuMs: number } | { line: string } | { idle: true };

export interface RunSeedsOptions {
  seeds: readonly number[];
  workers: number;
  guard?: Guard;
  /** Nothing goes wrong but this. */
  only?: readonly FaultKind[];
  /** Prints the log of events. */
  trace?: (line: string) => void;
  onResult?: (result: MeasuredResult) => void;
  /** No more seeds are begun once this is true of a result. */
  isEnough?: (result: SeedResult) => boolean;
}

/** So many at once, so that a worker need not wait for its next. */
const batch = 10;
/** A seed that takes longer hangs. */
const seedTimeoutMs = 120_000;

export type MeasuredResult = SeedResult & {
  /** Of the process, not of virtual time. */
  cpuMs: number;
};

/** The results, in the order of their ends. Rejects when a worker dies or hangs. */
export async function runSeeds(options: RunSeedsOptions): Promise<MeasuredResult[]> {
  const waiting = [...options.seeds];
  const results: MeasuredResult[] = [];
  const onResult = (result: MeasuredResult): void => {
    results.push(result);
    options.onResult?.(result);
    if (options.isEnough?.(result)) waiting.length = 0;
  };
  const next = (): Assignment | undefined => {
    const seeds = waiting.splice(0, options.isEnough ? 1 : batch);
    const { guard, only, trace } = options;
    if (seeds.length === 0) return undefined;
    return { seeds, ...(guard ? { guard } : {}), ...(only ? { only } : {}), ...(trace ? { trace: true } : {}) };
  };
  const count = Math.min(options.workers, options.seeds.length);
  await Promise.all(Array.from({ length: count }, () => runWorker(next, onResult, options.trace)));
  return results;
}

function runWorker(
  next: () => Assignment | undefined,
  onResult: (result: MeasuredResult) => void,
  onLine: ((line: string) => void) | undefined,
): Promise<void> {
  const worker: ChildProcess = fork(fileURLToPath(new URL('worker.ts', import.meta.url)), {
    execArgv: ['--max-semi-space-size=32'],
  });
  let current: Assignment | undefined;
  let done = 0;
  return new Promise((resolve, reject) => {
    const describe = (): string => `the simulation of seed ${current?.seeds[done] ?? '(none)'}`;
    const hung = (): void => {
      worker.kill('SIGKILL');
      reject(new Error(`${describe()} did not end within ${seedTimeoutMs / 1000} s`));
    };
    let watchdog = setTimeout(hung, seedTimeoutMs);
    worker.on('message', (message: WorkerMessage) => {
      if ('line' in message) return onLine?.(message.line);
      clearTimeout(watchdog);
      watchdog = setTimeout(hung, seedTimeoutMs);
      if ('result' in message) {
        done += 1;
        return onResult({ ...message.result, cpuMs: message.cpuMs });
      }
      current = next();
      done = 0;
      if (current) worker.send(current);
      else worker.disconnect();
    });
    worker.on('error', reject);
    worker.on('exit', (code) => {
      clearTimeout(watchdog);
      if (code === 0 && !current) resolve();
      else reject(new Error(`${describe()} ended its process with ${code}`));
    });
  });
}

export interface Summary {
  seeds: number;
  failed: number;
  failedSeeds: number[];
  events: number;
  tasks: number;
  cpuMsPerSeed: number;
  faults: Record<string, number>;
  refusals: Record<string, number>;
  requests: Record<string, number>;
}

/** What came of them together. */
export function summaryOf(results: readonly MeasuredResult[]): Summary {
  const failedSeeds = results.filter(({ violation }) => violation !== undefined).map(({ seed }) => seed);
  const sum = (of: (result: MeasuredResult) => number): number => results.reduce((total, result) => total + of(result), 0);
  return {
    seeds: results.length,
    failed: failedSeeds.length,
    failedSeeds: failedSeeds.sort((a, b) => a - b),
    events: sum(({ events }) => events),
    tasks: sum(({ tasks }) => tasks),
    cpuMsPerSeed: Math.round(sum(({ cpuMs }) => cpuMs) / Math.max(1, results.length)),
    faults: added(results.map(({ faults }) => faults)),
    refusals: added(results.map(({ refusals }) => refusals)),
    requests: added(results.map(({ requests }) => requests)),
  };
}

function added(counts: readonly Record<string, number>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const count of counts) for (const [name, n] of Object.entries(count)) total[name] = (total[name] ?? 0) + n;
  return Object.fromEntries(Object.entries(total).sort(([, a], [, b]) => b - a));
}
