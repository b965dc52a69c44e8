/** A short run of what `npm run test:faults` does at length. */
import test from 'ava';
import { runCampaign } from './campaign.ts';
import { isOutageBorne, runOutage } from './outage.ts';

test.serial('a campaign of no rounds is refused', async (t) => {
  await t.throwsAsync(runCampaign({ rounds: 0, seed: 1 }), { instanceOf: RangeError });
});

test.serial('a round of faults loses, doubles, misses and restarts nothing', async (t) => {
  t.timeout(600_000);
  const figures = await runCampaign({ rounds: 1, seed: 1, say: (line) => t.log(line) });
  // Too few faults, too few requests or too short a time fail it as well.
  t.is(figures.failed, 0);
  t.is(figures.rounds, 1);
});

test.serial(
  'controllers and Redis down together for a while: nothing is restarted or stopped, nobody is judged lost',
  async (t) => {
    t.timeout(600_000);
    const figures = await runOutage({
      seconds: 20,
      say: (line) => t.log(line),
    });
    t.true(isOutageBorne(figures), figures.evidence.join('\n'));
  },
);
