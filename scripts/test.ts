/**
 * `npm test [suite or file …]`: sets up what is missing and runs the suites, all by default; of a test file it is enough to say
 * `sigv4` for sigv4.test.ts, which runs as its suite does. Suites of quick tests use both cores of a small
 * machine; those that start hosts and engines run one file after the other. Ends with the true counts.
 */
import { clusterPrograms, installMissing, type Program } from '@mini-ecs/lab';
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { globSync } from 'node:fs';
import { PassThrough, type Readable } from 'node:stream';
import { chooseTests } from './choose-tests.ts';
import { readTap, type Counts } from './tap.ts';

interface Suite {
  files: string[];
  programs: readonly Program[];
  /** How many files at once. */
  concurrency: number;
  /** Until ava gives up on a run in which no test ends. */
  patience: string;
}

const suites: Record<string, Suite> = {
  unit: {
    files: ['packages/*/src/**/*.test.ts', 'scripts/**/*.test.ts'],
    programs: clusterPrograms,
    concurrency: 2,
    patience: '2m',
  },
  contract: { files: ['test/contract/**/*.test.ts'], programs: clusterPrograms, concurrency: 2, patience: '2m' },
  simulation: { files: ['test/simulation/**/*.test.ts'], programs: clusterPrograms, concurrency: 2, patience: '3m' },
  fuzz: { files: ['test/fuzz/**/*.test.ts'], programs: ['redis-server'], concurrency: 1, patience: '5m' },
  integration: { files: ['test/integration/**/*.test.ts'], programs: clusterPrograms, concurrency: 1, patience: '3m' },
  bench: { files: ['test/bench/**/*.test.ts'], programs: ['redis-server'], concurrency: 1, patience: '3m' },
  e2e: { files: ['test/e2e/**/*.test.ts'], programs: [...clusterPrograms, 'aws'], concurrency: 1, patience: '10m' },
  faults: { files: ['test/faults/**/*.test.ts'], programs: clusterPrograms, concurrency: 1, patience: '10m' },
};

const outputAfterExitMs = 10_000;

interface Result extends Counts {
  name: string;
  seconds: number;
}

async function runSuite(name: string, files: readonly string[], { concurrency, patience }: Suite): Promise<Result> {
  const started = performance.now();
  console.log(`\n── ${name}: ${files.length} files`);
  const serial = concurrency === 1 ? ['--serial'] : [];
  const child = spawn('ava', ['--tap', `--concurrency=${concurrency}`, `--timeout=${patience}`, ...serial, ...files], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number>((resolve) => void child.on('exit', (code) => resolve(code ?? 1)));
  const counts = await readTap(outputOf(child), (line) => console.log(line));
  // A run that went wrong without a failed test (a file that does not load, a time-out) is a failure too.
  if ((await ended) !== 0 && counts.failed === 0) counts.failed = 1;
  return { name, ...counts, seconds: (performance.now() - started) / 1000 };
}

/** Until its end, or soon after the child's: what a test left running may hold the pipe for ever. */
function outputOf(child: ChildProcessByStdio<null, Readable, null>): Readable {
  const output = new PassThrough();
  child.stdout.pipe(output);
  child.on('exit', () => {
    const cut = (): void => {
      child.stdout.destroy();
      output.end();
    };
    setTimeout(cut, outputAfterExitMs).unref();
  });
  return output;
}

const filesOfSuites = (): Record<string, string[]> =>
  Object.fromEntries(
    Object.entries(suites).map(([name, { files }]) => [name, files.flatMap((pattern) => globSync(pattern)).sort()]),
  );

async function main(names: string[]): Promise<number> {
  const { chosen, unknown } = chooseTests(names, filesOfSuites());
  if (unknown.length > 0) {
    const known = Object.keys(suites).join(', ');
    console.error(
      `No suite and no test file is called ${unknown.join(', ')}. Suites are ${known}; a file is called by its name, sigv4 for sigv4.test.ts.`,
    );
    return 2;
  }
  const runs = chosen.flatMap(([name, files]) => (suites[name] ? [{ name, files, suite: suites[name] }] : []));
  await installMissing([...new Set(runs.flatMap(({ suite }) => suite.programs))], (line) => console.error(line));
  const results: Result[] = [];
  for (const { name, files, suite } of runs) results.push(await runSuite(name, files, suite));
  console.log('');
  for (const { name, passed, failed, skipped, seconds } of results) {
    console.log(`${name.padEnd(12)} ${passed} passed, ${failed} failed, ${skipped} skipped in ${seconds.toFixed(0)} s`);
  }
  const total = (key: keyof Counts): number => results.reduce((sum, result) => sum + result[key], 0);
  const skipped = total('skipped') > 0 ? `, ${total('skipped')} skipped` : '';
  console.log(`${total('passed')} passed, ${total('failed')} failed${skipped}`);
  return total('failed') === 0 && total('passed') > 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
