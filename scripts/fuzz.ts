/** `npm run test:fuzz -- --requests N [--seed S]`: fuzzes a controller; progress on stderr, one JSON object as the last line of stdout. */
import { installMissing } from '@mini-ecs/lab';
import { parseArgs } from 'node:util';
import { runFuzz } from '../test/fuzz/fuzz-run.ts';
import { interruption } from '../test/support/interruption.ts';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Math.trunc(Math.random() * 2 ** 31)) },
    minutes: { type: 'string', default: '60' },
  },
});
await installMissing(['redis-server'], (line) => console.error(line));
console.error(`seed ${values.seed}`);
const asked = Number(values.requests);
if (!Number.isInteger(asked) || asked < 1)
  throw new Error(`--requests must be a whole number of at least 1, not ${values.requests}.`);
const figures = await runFuzz({
  requests: asked,
  seed: Number(values.seed),
  withinMs: Number(values.minutes) * 60_000,
  say: (line) => console.error(line),
  signal: interruption(),
});
console.log(JSON.stringify(figures));
const isComplete = figures.requests >= asked;
if (!isComplete) console.error(`cut short: ${figures.requests} of ${asked} requests within ${values.minutes} minutes`);
const { serverErrors, crashes, unanswered, flaws, errorLogs, acceptedPercent, rssStartMb, rssEndMb } = figures;
const isGood =
  isComplete &&
  serverErrors + crashes + unanswered + flaws + errorLogs === 0 &&
  acceptedPercent >= 30 &&
  rssEndMb <= 1.2 * rssStartMb;
process.exit(isGood ? 0 : 1);
