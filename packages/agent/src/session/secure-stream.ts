/** Streams over TLS with the agent's certificate, which is got or renewed first where it must be: that is a part of opening one. */
import type { AgentMessage } from '@mini-ecs/shared';
import { CertificateRefusedError } from '../credentials/certificate-calls.ts';
import type { CertificateKeeper } from '../credentials/certificate-keeper.ts';
import { WrongAuthorityError } from '../credentials/first-contact.ts';
import type { AgentStream, OpenStream, StreamHandlers } from './agent-stream.ts';
import { openGrpcStream } from './grpc-stream.ts';

/** Until an operator has mended something. */
const refusedRetryMs = 5_000;

export const secureStreams =
  (keeper: Pick<CertificateKeeper, 'credentials' | 'doubt'>): OpenStream =>
  (endpoint, handlers) =>
    new SecureStream(endpoint, keeper, handlers);

class SecureStream implements AgentStream {
  readonly #keeper: Pick<CertificateKeeper, 'credentials' | 'doubt'>;
  readonly #handlers: StreamHandlers;
  /** What was sent before there was a connection. */
  #waiting: AgentMessage[] = [];
  #ended = false;
  #stream: AgentStream | undefined;
  readonly #opened: Promise<void>;

  constructor(endpoint: string, keeper: Pick<CertificateKeeper, 'credentials' | 'doubt'>, handlers: StreamHandlers) {
    this.#keeper = keeper;
    this.#handlers = handlers;
    this.#opened = this.#open(endpoint);
  }

  send(message: AgentMessage): void {
    if (this.#stream) this.#stream.send(message);
    else this.#waiting.push(message);
  }

  async ready(): Promise<void> {
    await this.#opened;
    if (!this.#stream) throw new Error('The session has ended.');
    await this.#stream.ready();
  }

  end(): void {
    if (this.#stream) this.#stream.end();
    else this.#finish('ended');
  }

  destroy(): void {
    if (this.#stream) this.#stream.destroy();
    else this.#finish('cancelled');
  }

  async #open(endpoint: string): Promise<void> {
    try {
      const credentials = await this.#keeper.credentials(endpoint);
      if (this.#ended) return;
      this.#stream = openGrpcStream(endpoint, credentials, {
        onMessage: (message) => {
          // Whoever hears of it cancels the stream, and with it the status that says so too.
          if (message.refusal?.code === 'CERTIFICATE_REFUSED') this.#keeper.doubt(message.refusal.message);
          this.#handlers.onMessage(message);
        },
        onUnauthenticated: (reason) => this.#keeper.doubt(reason),
        onEnd: (reason) => this.#finish(reason),
      });
      for (const message of this.#waiting) this.#stream.send(message);
      this.#waiting = [];
    } catch (error) {
      const isRefusal = error instanceof CertificateRefusedError || error instanceof WrongAuthorityError;
      this.#finish(error instanceof Error ? error.message : String(error), isRefusal ? refusedRetryMs : undefined);
    }
  }

  #finish(reason: string, refusedForMs?: number): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#handlers.onEnd(reason, refusedForMs);
  }
}
