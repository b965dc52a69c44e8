/**
 * `npm run test:faults -- --rounds N [--seed S]`: rounds of faults on real processes in a lab; `--outage SECONDS`: the round in which
 * controllers and Redis are down together. Progress on stderr, one JSON object as the last line of stdout.
 */
import { clusterPrograms, installMissing } from '@mini-ecs/lab';
import { parseArgs } from 'node:util';
import { runCampaign } from '../test/faults/campaign.ts';
import { runOutage } from '../test/faults/outage.ts';

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
await installMissing(clusterPrograms, say);
if (values.outage === undefined) {
  const figures = await runCampaign({
    rounds: Number(values.rounds),
    seed: Number(values.seed),
    seconds: Number(values.seconds),
    say,
  });
  console.log(JSON.stringify(figures));
  process.exit(figures.failed === 0 ? 0 : 1);
}
const figures = await runOutage({ seconds: Number(values.outage), say });
console.log(JSON.stringify(figures));
process.exit(figures.strayRestarts + figures.judgedLost + figures.missingTasks + figures.surplusTasks === 0 ? 0 : 1);
