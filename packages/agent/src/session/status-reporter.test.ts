import test from 'ava';
import { VirtualTimers } from '../virtual-timers.ts';
import { StatusReporter, type StatusReport } from './status-reporter.ts';

function aReporter() {
  const timers = new VirtualTimers();
  const statuses = new Map<string, string>();
  const acknowledged: string[] = [];
  let clockOffset = 0;
  const reporter = new StatusReporter({
    timers: { now: () => timers.now() + clockOffset, after: (delayMs, action) => timers.after(delayMs, action) },
    statusOf: (taskId) => (statuses.has(taskId) ? { taskId, lastStatus: statuses.get(taskId) } : undefined),
    onAcknowledged: (taskId, status) => acknowledged.push(`${taskId} ${status}`),
  });
  const sent: StatusReport[] = [];
  const attach = (): void => reporter.attach((report) => sent.push(report));
  const change = (taskId: string, status: string): void => {
    statuses.set(taskId, status);
    reporter.changed(taskId);
  };
  const told = (): string[] =>
    sent.splice(0).map(({ tasks }) => tasks.map(({ taskId, lastStatus }) => `${taskId} ${lastStatus}`).join(', '));
  const setClockBack = (ms: number): void => void (clockOffset -= ms);
  return { timers, statuses, acknowledged, reporter, sent, attach, change, told, setClockBack };
}

test('changes of one moment are one report, with the newest status of each task', async (t) => {
  const { timers, attach, change, told } = aReporter();
  attach();
  change('a', 'PENDING');
  change('b', 'STOPPED');
  change('a', 'RUNNING');
  await timers.advance(10);
  t.deepEqual(told(), ['a RUNNING, b STOPPED']);
});

test('a task on its way up is told with what comes of it, or a little later', async (t) => {
  const { timers, attach, change, told } = aReporter();
  attach();
  change('a', 'PENDING');
  change('b', 'PENDING');
  await timers.advance(60);
  change('a', 'RUNNING');
  await timers.advance(10);
  t.deepEqual(told(), ['a RUNNING']);
  change('b', 'PENDING');
  await timers.advance(180);
  t.deepEqual(told(), ['b PENDING'], 'later changes do not put it off');
});

test('what is not acknowledged goes again, with its status of then', async (t) => {
  const { timers, statuses, attach, change, told, reporter, acknowledged } = aReporter();
  attach();
  change('a', 'PENDING');
  await timers.advance(250);
  statuses.set('a', 'RUNNING');
  await timers.advance(4_000);
  const repeated = told();
  t.deepEqual(repeated.slice(0, 2), ['a PENDING', 'a RUNNING']);
  reporter.acknowledged(repeated.length, []);
  await timers.advance(60_000);
  t.deepEqual(told(), []);
  t.deepEqual(acknowledged, ['a RUNNING']);
});

test('a host whose clock is set back tells what waits, and again what was not acknowledged, as soon as ever', async (t) => {
  const { timers, attach, change, told, setClockBack } = aReporter();
  attach();
  change('a', 'RUNNING');
  await timers.advance(10);
  change('b', 'PENDING');
  setClockBack(3_600_000);
  await timers.advance(250);
  t.deepEqual(told(), ['a RUNNING', 'b PENDING']);
  await timers.advance(4_000);
  t.deepEqual(new Set(told().flatMap((report) => report.split(', '))), new Set(['a RUNNING', 'b PENDING']));
});

test('an acknowledgement of an older status does not cover a newer one', async (t) => {
  const { timers, attach, change, told, reporter } = aReporter();
  attach();
  change('a', 'PENDING');
  await timers.advance(250);
  change('a', 'RUNNING');
  reporter.acknowledged(1, []);
  await timers.advance(10);
  t.deepEqual(told(), ['a PENDING', 'a RUNNING']);
});

test('a new session begins with everything that was never acknowledged', async (t) => {
  const { timers, attach, change, told, reporter } = aReporter();
  attach();
  change('a', 'RUNNING');
  change('b', 'RUNNING');
  await timers.advance(10);
  reporter.acknowledged(1, []);
  change('b', 'STOPPED');
  await timers.advance(10);
  reporter.detach();
  change('c', 'PENDING');
  await timers.advance(10_000);
  told();
  attach();
  t.deepEqual(told(), ['b STOPPED, c PENDING']);
});

test('a task that the store does not know is told as unknown, one that the agent forgot is not sent', async (t) => {
  const { timers, statuses, attach, change, told, reporter, acknowledged } = aReporter();
  attach();
  change('a', 'STOPPED');
  change('b', 'STOPPED');
  statuses.delete('b');
  await timers.advance(10);
  t.deepEqual(told(), ['a STOPPED']);
  reporter.acknowledged(1, ['a']);
  t.deepEqual(acknowledged, ['a undefined']);
});
