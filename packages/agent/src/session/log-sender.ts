/** Answers the controller's requests for container logs, no faster than the stream takes them. */
import type { AgentMessage } from '@mini-ecs/shared';
import type { TaskRecord } from '../domain/task-record.ts';
import type { ContainerRuntime } from '../runtime/container-runtime.ts';
import type { AgentStream } from './agent-stream.ts';

const chunkBytes = 64 * 1024;

export interface LogRequest {
  requestId: string;
  taskId: string;
  container: string;
  follow: boolean;
  tail: number;
}

export class LogSender {
  readonly #runtime: ContainerRuntime;
  readonly #recordOf: (taskId: string) => TaskRecord | undefined;
  readonly #stream: AgentStream;
  readonly #running = new Map<string, AbortController>();

  constructor(runtime: ContainerRuntime, recordOf: (taskId: string) => TaskRecord | undefined, stream: AgentStream) {
    this.#runtime = runtime;
    this.#recordOf = recordOf;
    this.#stream = stream;
  }

  /** Resolves when the log has been sent, has failed or was cancelled; never rejects. */
  async start(request: LogRequest): Promise<void> {
    const { requestId } = request;
    const controller = new AbortController();
    this.#running.set(requestId, controller);
    try {
      await this.#sendLog(request, controller.signal);
      this.#stream.send(chunk(requestId, { end: true }));
    } catch (error) {
      this.#stream.send(chunk(requestId, { end: true, error: error instanceof Error ? error.message : String(error) }));
    } finally {
      this.#running.delete(requestId);
    }
  }

  cancel(requestId: string): void {
    this.#running.get(requestId)?.abort();
  }

  close(): void {
    for (const controller of this.#running.values()) controller.abort();
  }

  async #sendLog({ requestId, taskId, container, follow, tail }: LogRequest, signal: AbortSignal): Promise<void> {
    const runtimeId = runtimeIdOf(this.#recordOf(taskId), taskId, container);
    for await (const payload of this.#runtime.logs(runtimeId, { follow, tail, signal })) {
      for (let start = 0; start < payload.length; start += chunkBytes) {
        await this.#stream.ready();
        if (signal.aborted) return;
        this.#stream.send(chunk(requestId, { data: Buffer.from(payload.subarray(start, start + chunkBytes)) }));
      }
    }
  }
}

const chunk = (requestId: string, part: { data?: Buffer; end?: boolean; error?: string }): AgentMessage => ({
  logChunk: { requestId, ...part },
});

/** Without a name: the only container, or the first essential one. */
function runtimeIdOf(record: TaskRecord | undefined, taskId: string, name: string): string {
  if (!record) throw new Error(`Task ${taskId} is not on this container instance.`);
  const names = record.spec?.containers.map((each) => each.name) ?? Object.keys(record.containers);
  const essential = record.spec?.containers.find((each) => each.essential)?.name;
  const wanted = name || (names.length === 1 ? names[0] : (essential ?? names[0]));
  const container = record.containers[wanted ?? ''];
  if (!container) throw new Error(`Task ${taskId} has no container "${wanted}"; it has ${names.join(', ')}.`);
  if (container.runtimeId === undefined || container.gone) {
    throw new Error(`Container "${wanted}" of task ${taskId} ${container.gone ? 'was removed' : 'has not been created'}.`);
  }
  return container.runtimeId;
}
