/**
 * `npm run test:faults -- --rounds N [--seed S] [--seconds S]`: rounds of faults on real processes in a lab; `--outage SECONDS`: the
 * round in which controllers and Redis are down together. Progress on stderr, one JSON object as the last line of stdout.
 */
import { clusterPrograms, installMissing } from '@mini-ecs/lab';
import { parseArgs } from 'node:util';
import { runCampaign } from '../test/faults/campaign.ts';
import { isOutageBorne, runOutage } from '../test/faults/outage.ts';
import { interruption } from '../test/support/interruption.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '30' },
    seed: { type: 'string', default: String(Math.trunc(Math.random() * 2 ** 31)) },
    seconds: { type: 'string', default: '40' },
    outage: { type: 'string' },
  },
});
const started = performance.now();
const say = (line: string): void => console.error(`${((performance.now() - started) / 1000).toFixed(0).padStart(5)} s  ${line}`);
const signal = interruption();
await installMissing(clusterPrograms, say);
if (values.outage === undefined) {
  const rounds = Number(values.rounds);
  const figures = await runCampaign({
    rounds,
    seed: Number(values.seed),
    seconds: Number(values.seconds),
    say,
    signal,
  });
  console.log(JSON.stringify(figures));
  // Cut short is not passed.
  process.exit(figures.failed === 0 && figures.rounds === rounds ? 0 : 1);
}
const figures = await runOutage({ seconds: Number(values.outage), say, signal });
console.log(JSON.stringify(figures));
process.exit(isOutageBorne(figures) ? 0 : 1);
