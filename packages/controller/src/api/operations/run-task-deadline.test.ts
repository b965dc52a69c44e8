import test from 'ava';
import type { RunTaskResponse } from '@aws-sdk/client-ecs';
import { ApiHarness } from '../../../../../test/support/api-harness.ts';

let api: ApiHarness;
test.before(async () => {
  api = await ApiHarness.start();
});
test.after.always(() => api?.close());

test('tasks that nobody places are withdrawn after 5 seconds, and can be bound no more', async (t) => {
  const instance = await api.anInstance();
  api.works = false;
  const started = performance.now();
  const running = api.run<RunTaskResponse>('RunTask', { taskDefinition: 'web', count: 2, clientToken: 'late' });
  const ids = await api.projections.waitUntil('default', 5_000, ({ tasks }) =>
    tasks.size === 2 ? [...tasks.keys()] : undefined,
  );
  const bound = ids?.[0] ?? '';
  const commit = { cluster: 'default', now: Date.now(), withdraw: [], serviceRefusals: [] };
  await api.store.commitPlacement({ ...commit, bind: [{ task: bound, instance }] });

  const { tasks, failures } = await running;
  t.true(performance.now() - started >= 4_900);
  t.deepEqual(
    tasks?.map(({ taskArn }) => taskArn?.split('/').at(-1)),
    [bound],
  );
  t.is(failures?.length, 1);
  t.regex(failures?.[0]?.detail ?? '', /in time/);

  const { refused } = await api.store.commitPlacement({ ...commit, bind: [{ task: ids?.[1] ?? '', instance }] });
  t.deepEqual(refused, ['TASK_GONE']);
  const again = await api.run<RunTaskResponse>('RunTask', { taskDefinition: 'web', count: 2, clientToken: 'late' });
  t.is(again.tasks?.length, 1);
  t.deepEqual(again.failures, failures);
});
