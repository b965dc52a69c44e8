/**
 * Has a Node process that runs elsewhere collect its garbage, through V8's inspector: what it keeps can be told from what it has not
 * troubled to give back yet only then. The process was started with `inspectable` in its options, and its stderr goes into a file.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** A free port instead of 9229, once SIGUSR1 asks for it. */
export const inspectable = '--inspect-port=0';

const listening = /^Debugger listening on (ws:\/\/127\.0\.0\.1:\S+)$/gm;
const patienceMs = 10_000;

/** Resolves when two full collections have run. */
export async function collectGarbage({ pid, stderrFile }: { pid: number; stderrFile: string }): Promise<void> {
  const socket = new WebSocket(await inspectorOf(pid, stderrFile));
  try {
    await once(socket, 'open');
    for (let id = 1; id <= 2; id += 1) {
      const answered = once(socket, 'message');
      socket.send(JSON.stringify({ id, method: 'HeapProfiler.collectGarbage' }));
      await answered;
    }
  } finally {
    socket.close();
  }
}

async function inspectorOf(pid: number, stderrFile: string): Promise<string> {
  for (const deadline = performance.now() + patienceMs; performance.now() < deadline; await delay(50)) {
    const [, url] = [...readFileSync(stderrFile, 'utf8').matchAll(listening)].at(-1) ?? [];
    if (url !== undefined) return url;
    process.kill(pid, 'SIGUSR1');
  }
  throw new Error(`process ${pid} opened no inspector`);
}

const once = (socket: WebSocket, event: 'open' | 'message'): Promise<unknown> =>
  new Promise((resolve, reject) => {
    socket.addEventListener(event, resolve, { once: true });
    socket.addEventListener('error', () => reject(new Error('the inspector cannot be reached')), { once: true });
  });
