import test from 'ava';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The figures on the last line of a benchmark's stdout. */
async function run<Figures = Record<string, number>>(bench: string, args: readonly string[]): Promise<Figures> {
  const file = fileURLToPath(new URL(`${bench}.ts`, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [file, ...args]);
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Figures;
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

test('bench:idle weighs an agent with Docker', async (t) => {
  const figures = await run('idle', ['--settle', '1', '--only', 'agent']);
  t.true((figures.agentRssMb ?? 0) > 0);
});

test('bench:scheduler places tasks with the commits of the memory store, a row a scenario', async (t) => {
  const sizes = ['--instances', '100', '--tasks', '1000', '--services', '10', '--runs', '1'];
  const { rows } = await run<{ rows: Record<string, number | string>[] }>('scheduler', sizes);
  for (const constraint of ['none', 'attribute', 'cpu+memory, service default spread']) {
    const row = rows.find((each) => each['constraint'] === constraint);
    t.like(row, { instances: 100, tasks: 1_000 }, constraint);
    t.true(Number(row?.['placementsPerSecond']) > 0, constraint);
    t.true(Number(row?.['commitPercent']) >= 0, constraint);
  }
});
