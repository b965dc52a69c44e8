/**
 * Docker's events of an instance's containers, for ever: a stream that ends is opened again, and each
 * time that it opens `connected` says that something may have been missed.
 */
import type Docker from 'dockerode';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { instanceLabel } from '../domain/container-labels.ts';
import { pause, withTimeout, type Timers } from '../timers.ts';
import type { RuntimeEvent } from './container-runtime.ts';

const reconnectDelay = 200;
/** What happened so shortly before is told again: twice told only costs a look. */
const repeatedMs = 1_000;
const pingPeriod = 2_000;
/** An engine under load answers late; one that is stopped or hung, never. */
const pingTimeout = 10_000;

interface DockerEvent {
  id?: string;
  Action?: string;
}

export function watchDockerEvents(
  docker: Docker,
  timers: Timers,
  instanceId: string,
  onEvent: (event: RuntimeEvent) => void,
): { close(): void } {
  const closed = new AbortController();
  void follow(docker, timers, instanceId, onEvent, closed.signal);
  return { close: () => closed.abort() };
}

async function follow(
  docker: Docker,
  timers: Timers,
  instanceId: string,
  onEvent: (event: RuntimeEvent) => void,
  closed: AbortSignal,
): Promise<void> {
  let connected = true;
  while (!closed.aborted) {
    try {
      await readEvents(docker, timers, instanceId, closed, (event) => {
        connected = true;
        onEvent(event);
      });
    } catch {
      // Whatever ended the stream, the answer is the same: say it once, open it again.
    }
    if (closed.aborted) return;
    if (connected) onEvent({ kind: 'disconnected' });
    connected = false;
    await pause(timers, reconnectDelay, closed).catch(() => undefined);
  }
}

async function readEvents(
  docker: Docker,
  timers: Timers,
  instanceId: string,
  closed: AbortSignal,
  onEvent: (event: RuntimeEvent) => void,
): Promise<void> {
  const ended = new AbortController();
  const signal = AbortSignal.any([closed, ended.signal]);
  const filters = { type: ['container' as const], label: [`${instanceLabel}=${instanceId}`] };
  // Docker answers before it listens to itself: what happens between the two it tells only to who asks for the past.
  const since = (timers.now() - repeatedMs) / 1_000;
  const stream = (await docker.getEvents({ filters, since })) as unknown as Readable;
  const abort = (): void => void stream.destroy();
  signal.addEventListener('abort', abort);
  try {
    if (closed.aborted) return;
    onEvent({ kind: 'connected' });
    void pingUntilSilent(docker, timers, ended);
    for await (const line of createInterface({ input: stream })) {
      const event = line.trim() === '' ? undefined : runtimeEvent(JSON.parse(line) as DockerEvent);
      if (event) onEvent(event);
    }
  } finally {
    signal.removeEventListener('abort', abort);
    ended.abort();
    stream.destroy();
  }
}

/** A stopped engine keeps its connections open: only asking tells. */
async function pingUntilSilent(docker: Docker, timers: Timers, ended: AbortController): Promise<void> {
  try {
    while (!ended.signal.aborted) {
      await pause(timers, pingPeriod, ended.signal);
      await withTimeout(timers, pingTimeout, docker.ping(), () => new Error('The engine does not answer.'));
    }
  } catch {
    ended.abort();
  }
}

function runtimeEvent({ id, Action: action = '' }: DockerEvent): RuntimeEvent | undefined {
  if (id === undefined) return undefined;
  if (action === 'start') return { kind: 'changed', id, what: 'started' };
  if (action === 'die') return { kind: 'changed', id, what: 'exited' };
  // Docker may learn what ended a container after it has told that it ended.
  if (action === 'oom') return { kind: 'changed', id, what: 'out of memory' };
  if (action === 'destroy') return { kind: 'changed', id, what: 'removed' };
  return action.startsWith('health_status') ? { kind: 'changed', id, what: 'health' } : undefined;
}
