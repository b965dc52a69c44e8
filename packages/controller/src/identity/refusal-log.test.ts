import { silentLogger, type Logger } from '@mini-ecs/shared';
import test from 'ava';
import { linesAMinute, RefusalLog, spend, type LineBudget } from './refusal-log.ts';

const minuteMs = 60_000;

test('of many refusals in one minute some are told, and the first one after it says how many were not', (t) => {
  let budget: LineBudget | undefined;
  const told: (number | undefined)[] = [];
  for (let each = 0; each < 100; each++) {
    const spent = spend(budget, 1_000 + each, 3);
    budget = spent.budget;
    told.push(spent.line?.untold);
  }
  t.deepEqual(told.slice(0, 4), [0, 0, 0, undefined]);
  t.true(told.slice(3).every((untold) => untold === undefined));
  const next = spend(budget, 1_000 + minuteMs, 3);
  t.deepEqual(next.line, { untold: 97 });
  t.deepEqual(spend(next.budget, 1_001 + minuteMs, 3).line, { untold: 0 });
});

test('refusals that are far apart are all told, and so are those after a clock was set back', (t) => {
  let budget: LineBudget | undefined;
  for (const now of [0, minuteMs, 2 * minuteMs, -10 * minuteMs]) {
    const spent = spend(budget, now, 1);
    budget = spent.budget;
    t.deepEqual(spent.line, { untold: 0 });
  }
});

test('a flood of refusals fills no log', (t) => {
  const lines: object[] = [];
  const log: Logger = Object.assign(Object.create(silentLogger) as Logger, { warn: (fields: object) => lines.push(fields) });
  let now = 0;
  const refusals = new RefusalLog({ log, clock: { now: () => now } });
  for (let each = 0; each < 10_000; each++) refusals.warn({ each }, 'A stranger was refused.');
  t.is(lines.length, linesAMinute);
  t.deepEqual(lines[0], { each: 0 });
  now += minuteMs;
  refusals.warn({ each: 'late' }, 'A stranger was refused.');
  t.deepEqual(lines.at(-1), { each: 'late', untold: 10_000 - linesAMinute });
});
