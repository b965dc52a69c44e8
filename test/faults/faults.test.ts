/** A short run of what `npm run test:faults` does at length. */
import test from 'ava';
import { runCampaign } from './campaign.ts';
import { runOutage } from './outage.ts';

test.serial('a round of faults loses, doubles, misses and restarts nothing', async (t) => {
  t.timeout(600_000);
  const figures = await runCampaign({ rounds: 1, seed: 1, say: (line) => t.log(line) });
  t.is(figures.failed, 0);
  t.true(Object.values(figures.faults).reduce((a, b) => a + b, 0) >= 3);
  t.true(figures.requestsPerSecond >= 5, `${figures.requestsPerSecond} requests/s`);
});

test.serial(
  'controllers and Redis down together for a while: nothing is restarted or stopped, nobody is judged lost',
  async (t) => {
    t.timeout(600_000);
    const { strayRestarts, judgedLost, surplusTasks, missingTasks, lostWrites, evidence } = await runOutage({
      seconds: 20,
      say: (line) => t.log(line),
    });
    t.deepEqual([strayRestarts, judgedLost, surplusTasks, missingTasks, lostWrites], [0, 0, 0, 0, 0], evidence.join('\n'));
  },
);
