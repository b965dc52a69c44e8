/**
 * Several controllers serve one store: a command asks the first that can answer it. `MINI_ECS_ENDPOINTS` lists them; without it there
 * is one, of the environment or of the data directory.
 */
import { afterWakingTime } from '@mini-ecs/shared';
import { ControllerRefusal, findClientSettings, trust } from './api-client.ts';
import type { ClientSettings } from './client-settings.ts';
import { messageOf } from './failure.ts';

/** A controller that stands still takes connections and answers nothing. */
const answersWithinMs = 2_000;

/** The API's addresses, in the order in which they are asked; empty when none are named. Throws for what is no address. */
export function endpointsOf(list: string | undefined): string[] {
  const endpoints = (list ?? '').split(',').flatMap((each) => each.trim() || []);
  for (const endpoint of endpoints) {
    if (URL.canParse(endpoint) && /^https?:$/.test(new URL(endpoint).protocol)) continue;
    throw new Error(
      `MINI_ECS_ENDPOINTS names ${JSON.stringify(endpoint)}; it is a list such as http://10.0.0.5:7070,http://10.0.0.6:7070.`,
    );
  }
  return endpoints;
}

/**
 * What `act` gives with the first controller that can do it. One that is away, hangs, or answers that it cannot serve (5xx: a log is
 * read at the controller that holds the agent's session) is passed over; a refusal is an answer. Throws what the last one said.
 */
export async function withAnyController<T>(
  dataDir: string,
  act: (settings: ClientSettings) => Promise<T>,
  patienceMs = answersWithinMs,
): Promise<T> {
  const endpoints = endpointsOf(process.env['MINI_ECS_ENDPOINTS']);
  const [first, ...others] = endpoints.map((endpoint) => findClientSettings(dataDir, endpoint));
  if (!first || others.length === 0) return act(first ?? findClientSettings(dataDir));
  const problems: string[] = [];
  for (const settings of [first, ...others]) {
    try {
      await isThere(settings, patienceMs);
      return await act(settings);
    } catch (error) {
      if (isAnswer(error)) throw error;
      problems.push(`${settings.endpoint}: ${messageOf(error)}`);
    }
  }
  throw new Error(`No controller could answer.\n${problems.join('\n')}`);
}

/** Rejects unless something answers, whatever it says: it may serve this call with its store away, or say best why not. */
async function isThere({ endpoint, authorityFile }: ClientSettings, patienceMs: number): Promise<void> {
  if (authorityFile) trust(authorityFile);
  const impatience = new AbortController();
  const cancel = afterWakingTime(patienceMs, () => impatience.abort(new Error(`no answer within ${patienceMs / 1_000} s`)));
  try {
    await fetch(new URL('/-/health', endpoint), { signal: impatience.signal });
  } finally {
    cancel();
  }
}

/** What another controller would answer as well. */
const isAnswer = (error: unknown): boolean => {
  const status =
    error instanceof ControllerRefusal
      ? error.status
      : (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  return status !== undefined && status < 500;
};
