import { silentLogger, type TaskStatusReceived } from '@mini-ecs/shared';
import test from 'ava';
import { aTask } from '../../../../test/support/domain-builders.ts';
import type { ClusterView, Projections } from '../projection/projection.ts';
import type { ReportStatus, ReportStatusResult } from '../store/store.ts';
import { StatusIntake } from './status-intake.ts';

const status = (taskId: string, lastStatus: string): TaskStatusReceived => ({
  taskId,
  lastStatus,
  containers: [],
  stopCode: '',
  stoppedReason: '',
  healthStatus: 'UNKNOWN',
});

/** An intake whose store answers when the test says so, with a projection that never gets newer. */
function anIntake(taskIds: string[]) {
  const tasks = new Map(taskIds.map((id) => [id, aTask({ id, status: 'PENDING' })]));
  const view = { position: 0, tasks } as unknown as ClusterView;
  const projections = { peek: () => view, current: async () => view } as unknown as Projections;
  const writes: { command: ReportStatus; answer: PromiseWithResolvers<ReportStatusResult> }[] = [];
  const acknowledged: number[] = [];
  let refused = 0;
  const intake = new StatusIntake({
    store: {
      reportStatus: (command) => {
        const answer = Promise.withResolvers<ReportStatusResult>();
        writes.push({ command, answer });
        return answer.promise;
      },
    },
    projections,
    clock: { now: () => 1_000 },
    log: silentLogger,
    cluster: 'default',
    instance: 'i1',
    session: 'session-1',
    acknowledge: (sequence) => acknowledged.push(sequence),
    onRefused: () => (refused += 1),
  });
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const answer = async (index: number): Promise<void> => {
    const write = writes[index];
    const outcomes = write?.command.reports.map(() => 'WRITTEN' as const) ?? [];
    write?.answer.resolve({ ok: true, seq: index + 1, hints: [], outcomes });
    await settled();
  };
  return { intake, writes, acknowledged, answer, settled, refused: () => refused };
}

const reportsOf = ({ command }: { command: ReportStatus }): string[] =>
  command.reports.map(({ task, lastStatus }) => `${task} ${lastStatus}`);

test('reports that come while a write is in flight go as one write, newest per task', async (t) => {
  const { intake, writes, acknowledged, answer, settled } = anIntake(['a', 'b']);
  intake.report(1, [status('a', 'ACTIVATING')]);
  await settled();
  intake.report(2, [status('a', 'RUNNING')]);
  intake.report(3, [status('b', 'RUNNING')]);
  intake.report(4, [status('a', 'STOPPED')]);
  t.is(writes.length, 1);
  t.deepEqual(acknowledged, []);
  await answer(0);
  t.deepEqual(acknowledged, [1]);
  t.deepEqual(writes.slice(1).map(reportsOf), [['a STOPPED', 'b RUNNING']]);
  await answer(1);
  t.deepEqual(acknowledged, [1, 2, 3, 4]);
});

test('what was written is not written again, though the projection does not show it yet', async (t) => {
  const { intake, writes, acknowledged, answer, settled } = anIntake(['a']);
  intake.report(1, [status('a', 'RUNNING')]);
  await settled();
  await answer(0);
  intake.report(2, [status('a', 'RUNNING')]);
  await settled();
  t.is(writes.length, 1);
  t.deepEqual(acknowledged, [1, 2]);
});

test('a write tells the health of its task where the store can see it', async (t) => {
  const { intake, writes, settled } = anIntake(['a']);
  intake.report(1, [{ ...status('a', 'RUNNING'), healthStatus: 'UNHEALTHY' }]);
  await settled();
  t.is(writes[0]?.command.reports[0]?.health, 'UNHEALTHY');
});

test('a refused write is not acknowledged and ends the session', async (t) => {
  const { intake, writes, acknowledged, settled, refused } = anIntake(['a']);
  intake.report(1, [status('a', 'RUNNING')]);
  await settled();
  writes[0]?.answer.resolve({ ok: false, reason: 'SUPERSEDED' });
  await settled();
  t.deepEqual(acknowledged, []);
  t.is(refused(), 1);
});

test('a session that reports faster than the store takes it in keeps a bounded number waiting', async (t) => {
  const { intake, writes, acknowledged, answer, settled } = anIntake(['a']);
  const many = Array.from({ length: 9_000 }, () => status('a', 'RUNNING'));
  intake.report(1, [status('a', 'ACTIVATING')]);
  await settled();
  for (const sequence of [2, 3, 4]) intake.report(sequence, many);
  await answer(0);
  await answer(1);
  t.is(writes.length, 2);
  t.deepEqual(acknowledged, [1, 2, 3]);
});

test('a closed intake waits for its write in flight and takes nothing in', async (t) => {
  const { intake, writes, acknowledged, answer, settled } = anIntake(['a']);
  intake.report(1, [status('a', 'RUNNING')]);
  await settled();
  const closed = intake.close();
  intake.report(2, [status('a', 'STOPPED')]);
  await answer(0);
  await closed;
  t.is(writes.length, 1);
  t.deepEqual(acknowledged, []);
});
