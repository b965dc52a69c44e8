/**
 * `npm run test:simulation -- --seeds N [--seed S] [--workers N] [--trace] [--without <guard>]
 * [--only-controllers]`: simulates N clusters, from
 * seed S on; one when only `--seed` is given. The last line on stdout is one JSON object; 1 when a seed failed.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { guards, type Guard } from '../test/simulation/removed-guards.ts';
import { runSeeds, summaryOf } from '../test/simulation/run-seeds.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    seed: { type: 'string' },
    workers: { type: 'string' },
    trace: { type: 'boolean', default: false },
    without: { type: 'string' },
    'only-controllers': { type: 'boolean', default: false },
  },
});
const first = wholeNumber('seed', values.seed ?? '1');
const count = wholeNumber('seeds', values.seeds ?? (values.seed === undefined ? '200' : '1'));
const workers = wholeNumber('workers', values.workers ?? String(availableParallelism()));
const guard = guards.find((each) => each === values.without);
if (values.without !== undefined && !guard) throw new Error(`--without takes one of ${guards.join(', ')}.`);

const started = performance.now();
const seconds = (): number => (performance.now() - started) / 1000;
let done = 0;
const results = await runSeeds({
  seeds: Array.from({ length: count }, (_, i) => first + i),
  workers: Math.max(1, workers),
  ...(guard ? ({ guard } satisfies { guard: Guard }) : {}),
  ...(values['only-controllers'] ? { only: ['controller crashed', 'controller stalled'] } : {}),
  ...(values.trace ? { trace: (line) => console.log(line) } : {}),
  onResult: ({ seed, violation }) => {
    done += 1;
    if (violation !== undefined) console.error(`seed ${seed} failed: ${violation}`);
    if (done % 100 === 0) console.error(`${done} of ${count} seeds, ${(done / seconds()).toFixed(1)} a second`);
  },
});
const summary = summaryOf(results);
const seedsPerSecond = Math.round((results.length / seconds()) * 10) / 10;
for (const seed of summary.failedSeeds) console.error(`replay: npm run test:simulation -- --seed ${seed} --trace`);
console.log(JSON.stringify({ ...summary, seedsPerSecond }));
process.exitCode = summary.failed === 0 ? 0 : 1;

function wholeNumber(name: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`--${name} must be a whole number, not ${JSON.stringify(text)}.`);
  return Number(text);
}
