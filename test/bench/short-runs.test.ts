import test from 'ava';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The figures on the last line of a benchmark's stdout. */
async function run(bench: string, args: readonly string[]): Promise<Record<string, number>> {
  const file = fileURLToPath(new URL(`${bench}.ts`, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [file, ...args]);
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Record<string, number>;
}

test('bench:placement fills, holds and reads a small cluster', async (t) => {
  const sizes = ['--instances', '30', '--tasks', '300', '--held', '600', '--rate', '20', '--seconds', '2'];
  const figures = await run('placement', sizes);
  t.is(figures.instances, 30);
  t.is(figures.tasks, 300);
  for (const name of [
    'tasksPerSecond',
    'tasksPerSecondServices',
    'runTaskPlacedMsP99',
    'listTasksMsP99',
    'describeTasksMsP99',
    'controllerRssMb',
  ]) {
    t.true((figures[name] ?? 0) > 0, name);
  }
});

test('bench:idle weighs a controller with a few idle agents', async (t) => {
  const figures = await run('idle', ['--instances', '30', '--settle', '1', '--seconds', '2', '--only', 'controller']);
  t.is(figures.instances, 30);
  t.true((figures.controllerCpuPercent ?? -1) >= 0);
  t.true((figures.controllerRssMb ?? 0) > 0);
});
