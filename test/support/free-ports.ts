import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

export interface ControllerPorts {
  apiPort: number;
  agentPort: number;
}

/** Below those that the system gives to whoever connects: such a port could be gone when a controller comes back to it. */
const lowest = 12_000;
const highest = 32_000;

/** A TCP port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(lowest, highest);
    if (await isFree(port)) return port;
  }
}

/** For as many controllers, all different. */
export async function controllerPorts(count: number): Promise<[ControllerPorts, ...ControllerPorts[]]> {
  const found = new Set<number>();
  while (found.size < 2 * count) found.add(await freePort());
  const ports = [...found];
  const pairs = Array.from({ length: count }, (_, i) => ({ apiPort: ports[2 * i] ?? 0, agentPort: ports[2 * i + 1] ?? 0 }));
  return pairs as [ControllerPorts, ...ControllerPorts[]];
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer().listen(port, '127.0.0.1');
  try {
    await once(probe, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw error;
  }
  await once(probe.close(), 'close');
  return true;
}
