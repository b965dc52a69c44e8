/** The frame of a benchmark on a cluster: progress on stderr, one JSON object as the last line of stdout, nothing left behind. */
import { TestCluster, type TestClusterOptions } from './test-cluster.ts';

export interface BenchRun {
  cluster: TestCluster;
  say: (line: string) => void;
}

/** Ends the process: 0 with the figures printed, 1 with the reason when they could not be had. Ctrl-C cleans up too. */
export async function runBench(options: TestClusterOptions, measure: (run: BenchRun) => Promise<object>): Promise<never> {
  const started = performance.now();
  const say = (line: string): void =>
    console.error(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}`);
  const interrupted = new Promise<never>((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => reject(new Error(`ended by ${signal}`)));
  });
  say(`starting ${options.hosts} hosts, a controller and their agents`);
  const starting = TestCluster.start(options);
  let exitCode = 0;
  let figures: object | undefined;
  try {
    const cluster = await Promise.race([starting, interrupted]);
    figures = await Promise.race([measure({ cluster, say }), interrupted]);
  } catch (error) {
    exitCode = 1;
    console.error(error);
  } finally {
    say('cleaning up');
    // Also when it was interrupted on its way up: then whatever there is of it is removed once it is there.
    await starting.then((cluster) => cluster.destroy()).catch(() => undefined);
  }
  if (figures) console.log(JSON.stringify(figures));
  process.exit(exitCode);
}

/** The middle value; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length === 0) throw new Error('no values');
  if (sorted.length % 2 === 1) return sorted[Math.floor(middle)] ?? Number.NaN;
  return ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}
