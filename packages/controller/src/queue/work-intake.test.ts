import { silentLogger } from '@mini-ecs/shared';
import test from 'ava';
import { eventually } from '../../../../test/support/eventually.ts';
import { WorkIntake } from './work-intake.ts';
import { hintOf, workKey, workOfHint, type Work } from './work.ts';

const web: Work = { kind: 'service', cluster: 'default', service: 'web' };
const placement: Work = { kind: 'placement', cluster: 'default' };

test('what is announced in one turn is queued once, in one go', async (t) => {
  const batches: Work[][] = [];
  const intake = new WorkIntake(async (work) => void batches.push(work), silentLogger);
  for (let i = 0; i < 100; i += 1) intake.add([web, placement]);
  await eventually(() => batches.length > 0);
  await intake.close();
  t.deepEqual(batches, [[web, placement]]);
});

test('what could not be queued is kept and queued when the queue is back', async (t) => {
  const queued: Work[] = [];
  let isAway = true;
  let refusals = 0;
  const enqueue = async (work: Work[]): Promise<void> => {
    if (isAway) {
      refusals += 1;
      throw new Error('away');
    }
    queued.push(...work);
  };
  const intake = new WorkIntake(enqueue, silentLogger);
  intake.add([web]);
  await eventually(() => refusals === 1);
  intake.add([placement, web]);
  isAway = false;
  intake.retryNow();
  await eventually(() => queued.length === 2);
  await intake.close();
  t.deepEqual(queued.map(workKey).sort(), ['default', 'default/web']);
});

test('after closing nothing is queued any more', async (t) => {
  const intake = new WorkIntake(async () => t.fail(), silentLogger);
  intake.add([web]);
  await intake.close();
  intake.add([placement]);
  await new Promise((resolve) => setImmediate(resolve));
  t.pass();
});

test('hints and work are two names of the same', (t) => {
  for (const work of [web, placement]) t.deepEqual(workOfHint('default', hintOf(work)), work);
  t.is(workOfHint('default', 'hint-of-a-newer-version'), undefined);
});
