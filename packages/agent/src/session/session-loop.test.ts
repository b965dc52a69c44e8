import { silentLogger, type ControllerMessage__Output } from '@mini-ecs/shared';
import test from 'ava';
import { SimulatedRuntime } from '../runtime/simulated-runtime.ts';
import { VirtualTimers } from '../virtual-timers.ts';
import type { StreamHandlers } from './agent-stream.ts';
import { SessionLoop } from './session-loop.ts';
import { StatusReporter } from './status-reporter.ts';

/** A loop over controllers that are played by the test; `opened` has one entry a stream. */
function start({ controllers = ['one:1', 'two:2'], random = 0.25 } = {}) {
  const timers = new VirtualTimers();
  const opened: { endpoint: string; at: number; handlers: StreamHandlers }[] = [];
  const loop = new SessionLoop({
    timers,
    controllers,
    random: () => random,
    log: silentLogger,
    runtime: new SimulatedRuntime({ timers }),
    recordOf: () => undefined,
    hello: () => ({}),
    enrolment: () => ({ storeId: 's', storeEpoch: 1 }),
    onEnrolled: () => undefined,
    assignAll: () => true,
    assignSome: () => true,
    reporter: new StatusReporter({ timers, statusOf: () => undefined, onAcknowledged: () => undefined }),
    openStream: (endpoint, handlers) => {
      opened.push({ endpoint, at: timers.now(), handlers });
      return { send: () => undefined, ready: () => Promise.resolve(), end: () => undefined, destroy: () => undefined };
    },
  });
  loop.resume();
  return { timers, opened, last: () => opened.at(-1)! };
}

const welcome: ControllerMessage__Output = {
  welcome: { sessionId: 'x', storeId: 's', storeEpoch: 1, heartbeatMs: 1e9, leaseMs: 1e9, region: '', accountId: '' },
};
const superseded: ControllerMessage__Output = {
  refusal: { code: 'SUPERSEDED', message: 'A newer session took over.', retryAfterMs: 10_000 },
};

test('an agent superseded by another waits as long as it is told', async (t) => {
  const { timers, opened, last } = start();
  last().handlers.onMessage(welcome);
  last().handlers.onMessage(superseded);
  await timers.advance(9_999);
  t.is(opened.length, 1);
  await timers.advance(1);
  t.is(opened.length, 2);
});

test('an agent superseded by an attempt of its own that it had given up comes back at once', async (t) => {
  const { timers, opened, last } = start();
  // The first controller is stopped, and takes the Hello up when it goes on: after the second has welcomed the agent.
  await timers.advance(6_000);
  t.is(last().endpoint, 'two:2');
  last().handlers.onMessage(welcome);
  last().handlers.onMessage(superseded);
  await timers.advance(500);
  t.is(opened.length, 3);
  // Once for each such attempt: who is superseded again has a twin.
  last().handlers.onMessage(welcome);
  last().handlers.onMessage(superseded);
  await timers.advance(9_999);
  t.is(opened.length, 3);
});

test('agents with the same list begin with different controllers', (t) => {
  const first = [0, 0.4, 0.9].map((random) => start({ controllers: ['a:1', 'b:1', 'c:1'], random }).last().endpoint);
  t.deepEqual(first, ['a:1', 'b:1', 'c:1']);
});

test('a controller that gave no answer is asked again only when no other answers', async (t) => {
  const { timers, opened, last } = start({ controllers: ['good:1', 'off:1', 'other:1'], random: 0.4 });
  const tried = () => opened.map(({ endpoint }) => endpoint);
  last().handlers.onEnd('no connection', undefined);
  await timers.advance(2_000);
  last().handlers.onMessage(welcome);
  last().handlers.onEnd('the controller ended the session', undefined);
  await timers.advance(2_000);
  last().handlers.onMessage(welcome);
  last().handlers.onEnd('the controller ended the session', undefined);
  await timers.advance(2_000);
  t.deepEqual(tried(), ['off:1', 'other:1', 'good:1', 'other:1']);
  last().handlers.onEnd('no connection', undefined);
  await timers.advance(2_000);
  last().handlers.onEnd('no connection', undefined);
  await timers.advance(2_000);
  t.deepEqual(tried().slice(4), ['good:1', 'off:1']);
});

test('a controller that falls silent is left for another, even for one that gave no answer once', async (t) => {
  const { timers, opened, last } = start({ random: 0.9 });
  last().handlers.onEnd('no connection', undefined);
  await timers.advance(2_000);
  last().handlers.onMessage(welcome);
  last().handlers.onEnd('no answer to heartbeats', undefined);
  await timers.advance(2_000);
  t.deepEqual(
    opened.map(({ endpoint }) => endpoint),
    ['two:2', 'one:1', 'two:2'],
  );
});
