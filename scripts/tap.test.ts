import test from 'ava';
import { Readable } from 'node:stream';
import { readTap } from './tap.ts';

const tap = `TAP version 13
ok 1 - a service › keeps its count
not ok 2 - a task › stops
  ---
    message: 'no'
  ...
ok 3 - not yet # SKIP
---tty-stream-chunk-separator
1..3
# tests 2
# pass 1
# fail 1
`;

test('counts what passed, failed and was skipped, and shows the details of a failure', async (t) => {
  const lines: string[] = [];
  const counts = await readTap(Readable.from([tap]), (line) => lines.push(line));
  t.deepEqual(counts, { passed: 1, failed: 1, skipped: 1 });
  t.true(lines.includes('FAILED a task › stops'));
  t.true(lines.includes("    message: 'no'"));
  t.false(lines.some((line) => line.startsWith('TAP')));
});
