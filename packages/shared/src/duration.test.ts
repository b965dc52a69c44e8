import test from 'ava';
import { parseDuration } from './duration.ts';

test('a duration is a whole number and its unit', (t) => {
  t.deepEqual(['500ms', '90s', '15m', '24h', ' 30d '].map(parseDuration), [500, 90_000, 900_000, 86_400_000, 2_592_000_000]);
  for (const wrong of ['', '1', 'h', '1.5h', '-1h', '1 h', '1w', '9999999999s']) t.is(parseDuration(wrong), undefined, wrong);
});
