/** What the store holds of a session's instance decides whether the session goes on. */
import type { ContainerInstance } from '../domain/container-instance.ts';
import { refusal, type Refusal } from './refusal.ts';

/**
 * Why the session must end; undefined while it may go on. `instance` must be as of the session's opening or later.
 * A session whose instance was judged lost ends although it lives: only a new one marks the instance connected,
 * together with the statuses that were missed.
 */
export function endOfSession(session: string, instance: ContainerInstance | undefined): Refusal | undefined {
  if (!instance) return refusal('UNKNOWN_INSTANCE', 'The container instance is no longer known.');
  if (instance.status === 'INACTIVE') return refusal('UNKNOWN_INSTANCE', 'The container instance was deregistered.');
  if (instance.session !== session) return refusal('SUPERSEDED', 'A newer session of this container instance took over.');
  if (!instance.connected)
    return refusal('UNAVAILABLE', 'Nothing was heard of this session for longer than its lease; open a new one.', 0);
  return undefined;
}
