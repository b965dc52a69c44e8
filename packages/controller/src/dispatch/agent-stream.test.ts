import { EventEmitter } from 'node:events';
import type { ControllerMessage } from '@mini-ecs/shared';
import test from 'ava';
import { AgentStream, type AgentCall } from './agent-stream.ts';

/** A stream to an agent that does not read until it drains. */
function aBlockedStream() {
  const written: ControllerMessage[] = [];
  const call = Object.assign(new EventEmitter(), {
    getPeer: () => 'i1',
    destroyed: false,
    reads: false,
    isOver: false,
    write(message: ControllerMessage) {
      written.push(message);
      return call.reads;
    },
    end: () => void (call.isOver = true),
  });
  const stream = new AgentStream(call as unknown as AgentCall);
  stream.send({ statusAck: { sequence: 0 } });
  const drain = (): void => {
    call.reads = true;
    call.emit('drain');
  };
  return { stream, call, written, drain };
}

const fill = (stream: AgentStream): void => {
  for (let sequence = 1; sequence <= 1_000; sequence += 1) stream.send({ statusAck: { sequence } });
};

test('an agent that reads again gets what waited, in order, and of heartbeat answers the newest', (t) => {
  const { stream, written, drain } = aBlockedStream();
  stream.send({ fullAssignments: { version: 1 } });
  for (const sequence of [1, 2, 3]) stream.sendHeartbeatAck(sequence);
  stream.send({ assignmentIncrement: { appliesTo: 1, version: 2 } });
  t.is(written.length, 1);
  drain();
  t.deepEqual(written.slice(1), [
    { heartbeatAck: { sequence: 3 } },
    { fullAssignments: { version: 1 } },
    { assignmentIncrement: { appliesTo: 1, version: 2 } },
  ]);
});

test('acknowledgements beyond what may wait are dropped: the agent reports again', (t) => {
  const { stream, written, drain } = aBlockedStream();
  fill(stream);
  stream.send({ statusAck: { sequence: 2_000 } });
  t.false(stream.hasEnded);
  drain();
  t.deepEqual(written.at(-1), { statusAck: { sequence: 1_000 } });
});

test('assignments are never dropped: an agent that reads nothing for so long loses its stream and comes back', async (t) => {
  for (const message of [{ fullAssignments: { version: 2 } }, { assignmentIncrement: { appliesTo: 1, version: 2 } }]) {
    const { stream, call } = aBlockedStream();
    fill(stream);
    stream.send(message);
    t.true(stream.hasEnded);
    t.true(call.isOver);
    await stream.ended;
  }
});
