/** Calls the API of one of several controllers, once, and records what came of it. */
import type { ClientSettings } from 'mini-ecs';
import { LightEcsClient } from '../support/light-ecs-client.ts';
import type { Answer, History } from './history.ts';

/** A controller answers within 30 s at the latest; a client that waits that long makes few requests a round. */
const patienceMs = 8_000;

/** Connections that were never made, so that nothing was sent. */
const neverSent = /ECONNREFUSED/;

export class ApiCaller {
  readonly #clients: readonly LightEcsClient[];
  readonly #history: History;
  readonly #began = performance.now();

  constructor(settings: ClientSettings, endpoints: readonly string[], history: History) {
    this.#clients = endpoints.map((endpoint) => new LightEcsClient({ ...settings, endpoint }));
    this.#history = history;
  }

  get controllers(): number {
    return this.#clients.length;
  }

  /** Where nobody listens, the next controller is asked: that is no unanswered request. */
  async call(client: number, controller: number, operation: string, input: object): Promise<Answer> {
    let answer = await this.#callOne(client, controller, operation, input);
    for (let next = 1; next < this.#clients.length && answer.kind === 'unsent'; next += 1) {
      answer = await this.#callOne(client, (controller + next) % this.#clients.length, operation, input);
    }
    return answer;
  }

  async #callOne(client: number, controller: number, operation: string, input: object): Promise<Answer> {
    const began = performance.now();
    const answer = await this.#ask(controller, operation, input);
    const atMs = Math.round(began - this.#began);
    const tookMs = Math.round(performance.now() - began);
    this.#history.entries.push({ atMs, tookMs, client, controller, operation, input, answer });
    return answer;
  }

  async #ask(controller: number, operation: string, input: object): Promise<Answer> {
    const ecs = this.#clients[controller];
    if (!ecs) throw new Error(`no controller ${controller}`);
    const body = Buffer.from(JSON.stringify(input));
    let timer: NodeJS.Timeout | undefined;
    const overdue = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${patienceMs} ms`)), patienceMs);
    });
    try {
      const sending = ecs.send(ecs.signedHeaders(`AmazonEC2ContainerServiceV20141113.${operation}`, body), body);
      const { status, text } = await Promise.race([sending, overdue]);
      if (status === 200) return { kind: 'done', output: JSON.parse(text) as Record<string, unknown> };
      return { kind: kindOf(status), error: `${status} ${text}` };
    } catch (cause) {
      const error = cause instanceof Error ? `${(cause as NodeJS.ErrnoException).code ?? ''} ${cause.message}` : String(cause);
      return { kind: neverSent.test(error) ? 'unsent' : 'unknown', error };
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }
}

/** 503 says that the store was away, perhaps in the middle of it. */
function kindOf(status: number): 'refused' | 'unknown' | 'failed' {
  if (status < 500) return 'refused';
  return status === 503 ? 'unknown' : 'failed';
}
