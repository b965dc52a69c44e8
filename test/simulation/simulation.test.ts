import test from 'ava';
import { keptSeeds } from './kept-seeds.ts';
import { runSeeds, summaryOf, type MeasuredResult } from './run-seeds.ts';

const workers = 2;
const seedsInTests = 150;

const failures = (results: readonly MeasuredResult[]): string[] =>
  results.flatMap(({ seed, violation }) => (violation === undefined ? [] : [`seed ${seed}: ${violation}`]));

test.serial('whatever fails, nothing is over-committed, lost or done twice, and every service comes to its count', async (t) => {
  const results = await runSeeds({ seeds: Array.from({ length: seedsInTests }, (_, i) => i + 1), workers });
  t.deepEqual(failures(results), []);
  const { seeds, faults, refusals } = summaryOf(results);
  t.is(seeds, seedsInTests);
  // What is never struck proves nothing.
  const struck = [
    'controller crashed',
    'agent crashed',
    'host rebooted',
    'partition',
    'store away',
    'clock jumped',
    'image broken',
    'slow container',
    'failing container',
    'unkillable container',
  ];
  const touched = ['message dropped', 'message delayed', 'message duplicated', 'message reordered', 'job done twice at once'];
  for (const fault of [...struck, ...touched]) t.true((faults[fault] ?? 0) > 0, fault);
  for (const refusal of ['STALE', 'TASK_BOUND', 'BACKWARD', 'SUPERSEDED', 'FEED_TRIMMED'])
    t.true((refusals[refusal] ?? 0) > 0, refusal);
});

test.serial('seeds that once failed do not fail again', async (t) => {
  const results = await runSeeds({ seeds: keptSeeds.map(({ seed }) => seed), workers });
  t.deepEqual(failures(results), []);
});

test.serial('while only controllers crash and stall, one at a time, no container instance is judged lost', async (t) => {
  const results = await runSeeds({
    seeds: Array.from({ length: 100 }, (_, i) => i + 1),
    workers,
    only: ['controller crashed', 'controller stalled'],
  });
  t.deepEqual(failures(results), []);
  const { faults } = summaryOf(results);
  for (const fault of ['controller crashed', 'controller stalled']) t.true((faults[fault] ?? 0) > 0, fault);
});

test.serial('a seed replays exactly, traced or not', async (t) => {
  const [first] = await runSeeds({ seeds: [7], workers: 1 });
  const lines: string[] = [];
  const [again] = await runSeeds({ seeds: [7], workers: 1, trace: (line) => lines.push(line) });
  const [other] = await runSeeds({ seeds: [8], workers: 1 });
  t.is(first?.fingerprint, again?.fingerprint);
  t.is(first?.events, again?.events);
  t.not(first?.fingerprint, other?.fingerprint);
  t.true(lines.some((line) => line.includes('FAULT')));
});
