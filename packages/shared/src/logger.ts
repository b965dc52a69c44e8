import { pino, stdSerializers, type Logger } from 'pino';

export type { Logger };

/** JSON lines on stderr; stdout stays for what a command answers. */
export function createLogger(component: string, level = 'info'): Logger {
  return pino({ name: component, level, serializers: { err: toldOf, error: toldOf } }, pino.destination({ dest: 2, sync: true }));
}

export const silentLogger: Logger = pino({ level: 'silent' });

/**
 * What a log tells of an error, with its causes. No more than that: libraries hang on their errors what they worked on, and ioredis
 * the arguments of the command that failed, which are environments of tasks, sealed keys and hashes of tokens.
 */
function toldOf(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { type, message, stack } = stdSerializers.err(error);
  const { code } = error as NodeJS.ErrnoException;
  return { type, message, stack, ...(code === undefined ? {} : { code }) };
}
