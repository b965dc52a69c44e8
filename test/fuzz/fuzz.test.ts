/** A short run of what `npm run test:fuzz` does at length. */
import test from 'ava';
import { runFuzz } from './fuzz-run.ts';

test('fuzzed requests and hostile agents meet neither a server error nor a crash', async (t) => {
  t.timeout(300_000);
  const figures = await runFuzz({ requests: 3_000, seed: 1, say: (line) => t.log(line) });
  const { requests, acceptedPercent, serverErrors, crashes, unanswered, flaws, errorLogs } = figures;
  t.deepEqual(
    { requests, serverErrors, crashes, unanswered, flaws, errorLogs },
    { requests: 3_000, serverErrors: 0, crashes: 0, unanswered: 0, flaws: 0, errorLogs: 0 },
  );
  t.true(acceptedPercent >= 30, `${acceptedPercent} % accepted`);
});
