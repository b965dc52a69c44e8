import type { Logger } from '@mini-ecs/shared';
import { once } from 'node:events';

/** Until SIGTERM or SIGINT, then stops in good order; a second signal ends the process at once. */
export async function runUntilStopped(log: Logger, stop: () => Promise<void>): Promise<void> {
  const signal = await Promise.race((['SIGTERM', 'SIGINT'] as const).map(async (name) => (await once(process, name), name)));
  log.info({ signal }, 'stopping');
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => process.exit(1));
  await stop();
  // Whatever a library still holds open must not keep a stopped program alive.
  process.exit(0);
}
