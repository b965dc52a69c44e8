import { pino, type Logger } from 'pino';

export type { Logger };

/** JSON lines on stderr; stdout stays for what a command answers. */
export function createLogger(component: string, level = 'info'): Logger {
  return pino({ name: component, level }, pino.destination({ dest: 2, sync: true }));
}

export const silentLogger: Logger = pino({ level: 'silent' });
