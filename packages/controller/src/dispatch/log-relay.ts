/** Reads containers' logs through the sessions of their agents (`mini-ecs logs`). */
import type { ControllerMessage } from '@mini-ecs/shared';
import { ApiError } from '../api/api-error.ts';
import type { LogSource } from '../api/operation.ts';
import type { Task } from '../domain/task.ts';
import type { Projections } from '../projection/projection.ts';

/** The protocol has no flow control for logs: who reads slower than this allows for is cut off, and told so. */
const maxWaitingBytes = 32 * 1024 * 1024;

export interface LogChunk {
  requestId: string;
  data: Uint8Array;
  end: boolean;
  /** '' for none */
  error: string;
}

/** The chunks of one request on their way from the session to the reader. */
class LogReading {
  #chunks: Uint8Array[] = [];
  #waitingBytes = 0;
  #end: { error?: ApiError } | undefined;
  #wake: () => void = () => {};

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  /** False: it overflowed, and nothing more is wanted. */
  add(data: Uint8Array): boolean {
    if (this.#end || data.byteLength === 0) return true;
    if (this.#waitingBytes + data.byteLength > maxWaitingBytes) {
      this.finish(new ApiError('LimitExceededException', 'The log is read too slowly; ask for its tail, or read faster.'));
      return false;
    }
    this.#chunks.push(data);
    this.#waitingBytes += data.byteLength;
    this.#wake();
    return true;
  }

  finish(error?: ApiError): void {
    this.#end ??= { error };
    this.#wake();
  }

  async *read(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunks = this.#chunks;
      this.#chunks = [];
      this.#waitingBytes = 0;
      yield* chunks;
      if (this.#chunks.length > 0) continue;
      if (this.#end?.error) throw this.#end.error;
      if (this.#end) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** The log requests that one session serves. */
export class SessionLogs {
  readonly #send: (message: ControllerMessage) => void;
  readonly #readings = new Map<string, LogReading>();

  constructor(send: (message: ControllerMessage) => void) {
    this.#send = send;
  }

  receive({ requestId, data, end, error }: LogChunk): void {
    const reading = this.#readings.get(requestId);
    if (!reading) return;
    if (!reading.add(data)) this.#cancel(requestId);
    if (error) reading.finish(new ApiError('ResourceNotFoundException', error));
    else if (end) reading.finish();
  }

  async *open(
    requestId: string,
    request: { taskId: string; container: string; follow: boolean; tail: number },
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const reading = new LogReading();
    const abort = (): void => reading.finish();
    if (signal.aborted) return;
    signal.addEventListener('abort', abort, { once: true });
    this.#readings.set(requestId, reading);
    this.#send({ logRequest: { requestId, ...request } });
    let isWhole = false;
    try {
      yield* reading.read();
      isWhole = !signal.aborted;
    } finally {
      signal.removeEventListener('abort', abort);
      const isOpen = this.#readings.delete(requestId);
      if (isOpen && !isWhole) this.#cancel(requestId);
    }
  }

  /** The session ended: so do its readings. */
  close(): void {
    for (const reading of this.#readings.values()) {
      reading.finish(new ApiError('ServiceUnavailableException', 'The session of the agent ended while its log was read.'));
    }
    this.#readings.clear();
  }

  #cancel(requestId: string): void {
    this.#readings.delete(requestId);
    this.#send({ logCancel: { requestId } });
  }
}

export class LogRelay implements LogSource {
  readonly #projections: Projections;
  readonly #logsOf: (cluster: string, instance: string) => SessionLogs | undefined;
  readonly #newUuid: () => string;

  constructor(options: {
    projections: Projections;
    /** Undefined: no session of the instance is here. */
    logsOf: (cluster: string, instance: string) => SessionLogs | undefined;
    newUuid: () => string;
  }) {
    this.#projections = options.projections;
    this.#logsOf = options.logsOf;
    this.#newUuid = options.newUuid;
  }

  async *open(
    request: { cluster: string; taskId: string; container: string; follow: boolean; tail: number },
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const { cluster, taskId, container, follow, tail } = request;
    const view = await this.#projections.current(cluster);
    const instance = instanceOf(view.tasks.get(taskId), request);
    const logs = this.#logsOf(cluster, instance);
    if (!logs) {
      throw new ApiError(
        'ServiceUnavailableException',
        `The agent of container instance ${instance} has no session with this controller, so its logs cannot be read here now.`,
      );
    }
    yield* logs.open(this.#newUuid(), { taskId, container, follow, tail }, signal);
  }
}

function instanceOf(
  task: Task | undefined,
  { cluster, taskId, container }: { cluster: string; taskId: string; container: string },
): string {
  if (!task) throw new ApiError('ResourceNotFoundException', `Cluster ${cluster} has no task ${taskId}.`);
  const names = task.spec.containers.map(({ name }) => name);
  if (container !== '' && !names.includes(container)) {
    throw new ApiError('InvalidParameterException', `Task ${taskId} has no container ${container}; it has ${names.join(', ')}.`);
  }
  if (task.instance === undefined) {
    throw new ApiError('InvalidParameterException', `Task ${taskId} was not placed on a container instance, so it has no logs.`);
  }
  return task.instance;
}
