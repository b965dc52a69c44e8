/** `npm run test:fuzz -- --requests N [--seed S]`: fuzzes a controller; progress on stderr, one JSON object as the last line of stdout. */
import { installMissing } from '@mini-ecs/lab';
import { parseArgs } from 'node:util';
import { runFuzz } from '../test/fuzz/fuzz-run.ts';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Math.trunc(Math.random() * 2 ** 31)) },
    minutes: { type: 'string', default: '60' },
  },
});
await installMissing(['redis-server'], (line) => console.error(line));
console.error(`seed ${values.seed}`);
const figures = await runFuzz({
  requests: Number(values.requests),
  seed: Number(values.seed),
  withinMs: Number(values.minutes) * 60_000,
  say: (line) => console.error(line),
});
console.log(JSON.stringify(figures));
const { serverErrors, crashes, unanswered, flaws, errorLogs, acceptedPercent, rssStartMb, rssEndMb } = figures;
const isGood =
  serverErrors + crashes + unanswered + flaws + errorLogs === 0 && acceptedPercent >= 30 && rssEndMb <= 1.2 * rssStartMb;
process.exit(isGood ? 0 : 1);
