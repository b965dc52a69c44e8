import { RuntimeError, type RuntimeErrorCode } from './container-runtime.ts';

/** What dockerd answers with status 500 while it or its containerd goes down or comes up: not its last word. */
const passing =
  /transport is closing|connection error|ttrpc: closed|context canceled|containerd.*(unavailable|not running)|code = Unavailable/i;

/** dockerode puts the status before Docker's own words. */
const dockerodePrefix = /^\(HTTP code \d+\) [^-]*- /;

interface DockerFailure {
  statusCode?: number;
  json?: { message?: string };
  message?: string;
}

/** The status of Docker's answer; undefined when there was none. */
export const statusOf = (error: unknown): number | undefined => (error as DockerFailure).statusCode;

/** In the words in which ECS passes Docker's errors on: `Error response from daemon: …`. */
export function runtimeError(error: unknown): RuntimeError {
  if (error instanceof RuntimeError) return error;
  const failure = error as DockerFailure;
  const said = failure.json?.message ?? (failure.message ?? String(error)).replace(dockerodePrefix, '');
  if (failure.statusCode === undefined)
    return new RuntimeError('unreachable', `Cannot connect to the Docker daemon: ${said}`, { cause: error });
  return new RuntimeError(codeOf(failure.statusCode, said), `Error response from daemon: ${said.trim()}`, { cause: error });
}

function codeOf(status: number, said: string): RuntimeErrorCode {
  if (status === 404) return 'not-found';
  if (status === 409) return 'conflict';
  return status === 503 || passing.test(said) ? 'unreachable' : 'refused';
}

/** Runs a call; answers undefined where Docker says one of these statuses, throws a RuntimeError for anything else. */
export async function tolerating<T>(statuses: readonly number[], call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    const status = statusOf(error);
    if (status !== undefined && statuses.includes(status)) return undefined;
    throw runtimeError(error);
  }
}
