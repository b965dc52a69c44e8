import test from 'ava';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Batcher } from './batcher.ts';

const byCount = (most: number) => ({ most, sizeOf: () => 1 });

test('calls of one turn are one command, each with its own answer', async (t) => {
  const commands: number[][] = [];
  const batcher = new Batcher<number, number>(async (calls) => {
    commands.push(calls);
    return calls.map((call) => call * 2);
  }, byCount(10));
  t.deepEqual(await Promise.all([1, 2, 3].map((call) => batcher.add(call))), [2, 4, 6]);
  t.deepEqual(commands, [[1, 2, 3]]);
});

test('what comes while a command is under way is the next one', async (t) => {
  const commands: number[][] = [];
  const first = Promise.withResolvers<void>();
  const batcher = new Batcher<number, number>(async (calls) => {
    commands.push(calls);
    await first.promise;
    return calls;
  }, byCount(10));
  const answers = [batcher.add(1)];
  await nextTurn();
  answers.push(batcher.add(2));
  await nextTurn();
  answers.push(batcher.add(3));
  first.resolve();
  t.deepEqual(await Promise.all(answers), [1, 2, 3]);
  t.deepEqual(commands, [[1], [2, 3]]);
});

test('a command grows no larger than it may, but for a single call that is larger by itself', async (t) => {
  const commands: string[][] = [];
  const send = async (calls: string[]): Promise<string[]> => (commands.push(calls), calls);
  const batcher = new Batcher<string, string>(send, { most: 4, sizeOf: (call) => call.length });
  await Promise.all(['aa', 'bb', 'c', 'dddddd', 'e'].map((call) => batcher.add(call)));
  t.deepEqual(commands, [['aa', 'bb'], ['c'], ['dddddd'], ['e']]);
});

test('a command that fails fails its calls and no others', async (t) => {
  let isAway = true;
  const batcher = new Batcher<number, number>(async (calls) => {
    if (isAway) throw new Error('away');
    return calls;
  }, byCount(10));
  const failed = await Promise.allSettled([batcher.add(1), batcher.add(2)]);
  t.deepEqual(
    failed.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  isAway = false;
  t.is(await batcher.add(3), 3);
});
