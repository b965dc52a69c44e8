/** Serves agents' streams, each from its Hello to its end, whatever they come over: gRPC, or a simulated network. */
import type { HelloReceived, Logger } from '@mini-ecs/shared';
import { setTimeout as delay } from 'node:timers/promises';
import { admit, type AdmissionContext, type Admitted } from './admission.ts';
import { AgentSession, type SessionContext } from './agent-session.ts';
import type { CertificateHolder } from './certificate-holder.ts';
import type { AgentStream } from './agent-stream.ts';
import { refusal, type Refusal } from './refusal.ts';
import type { SessionRegistry } from './session-registry.ts';

/** How long writes in flight may take to finish, and agents to read that the controller goes. */
export const shutdownGraceMs = 1_000;

export interface SessionHostOptions {
  sessions: SessionRegistry;
  admission: AdmissionContext;
  context: SessionContext;
  log: Logger;
  helloTimeoutMs: number;
}

export class SessionHost {
  readonly #options: SessionHostOptions;
  /** Streams that are open, and what is still written for those that ended. */
  readonly #serving = new Map<AgentStream, Promise<void>>();
  #isClosing = false;

  constructor(options: SessionHostOptions) {
    this.#options = options;
  }

  /** `holder`: who opened it; undefined where the transport itself tells agents apart (a simulated network). */
  accept(stream: AgentStream, holder: CertificateHolder | undefined): void {
    const served = this.#serve(stream, holder).finally(() => this.#serving.delete(stream));
    this.#serving.set(stream, served);
  }

  /** Tells agents to go elsewhere at once, and lets writes in flight finish unless the store hangs: agents report again. */
  async close(): Promise<void> {
    this.#isClosing = true;
    for (const stream of this.#serving.keys()) stream.refuse(closing);
    const written = Promise.all(this.#serving.values());
    await Promise.race([written, delay(shutdownGraceMs, undefined, { ref: false })]);
  }

  async #serve(stream: AgentStream, holder: CertificateHolder | undefined): Promise<void> {
    const { log, helloTimeoutMs } = this.#options;
    if (this.#isClosing) return stream.refuse(closing);
    const hello = await receiveHello(stream, helloTimeoutMs);
    if (!hello) return;
    try {
      const admission = await admit(hello, holder, this.#options.admission);
      if (admission.admitted) await this.#run(hello, admission, stream);
      else this.#refuse(hello, admission.refusal, stream);
    } catch (error) {
      log.warn({ err: error, ...agentOf(hello, stream) }, 'A session could not be opened.');
      stream.refuse(refusal('UNAVAILABLE', 'The store does not answer.'));
    }
  }

  #refuse(hello: HelloReceived, refusal: Refusal, stream: AgentStream): void {
    this.#options.log.info({ refusal, ...agentOf(hello, stream) }, 'An agent was refused.');
    stream.refuse(refusal);
  }

  async #run(hello: HelloReceived, { session: identity, store }: Admitted, stream: AgentStream): Promise<void> {
    const { sessions, context, log } = this.#options;
    if (stream.hasEnded) return;
    const session = new AgentSession(identity, stream, context);
    sessions.add(session)?.end(refusal('SUPERSEDED', 'A newer session of this container instance took over.'));
    try {
      await session.start(hello, store);
      if (stream.hasEnded) return;
      log.info({ session: session.id, ...agentOf(hello, stream) }, 'An agent opened a session.');
      stream.onMessage((message) => session.receive(message));
      stream.resumeReading();
      await stream.ended;
    } finally {
      sessions.remove(session);
      await session.close();
    }
  }
}

const agentOf = ({ cluster, instanceId }: HelloReceived, { peer }: AgentStream) => ({ cluster, instance: instanceId, peer });

const closing: Refusal = refusal('UNAVAILABLE', 'The controller shuts down.', 0);

/** The first message, if it is a Hello and comes in time; reading is paused after it. Else the stream is refused. */
function receiveHello(stream: AgentStream, timeoutMs: number): Promise<HelloReceived | undefined> {
  return new Promise((resolve) => {
    const refuse = (message: string): void => stream.refuse(refusal('BAD_HELLO', message));
    const timer = setTimeout(() => refuse(`No Hello came within ${timeoutMs} ms.`), timeoutMs);
    void stream.ended.then(() => {
      clearTimeout(timer);
      resolve(undefined);
    });
    stream.onMessage(({ hello }) => {
      clearTimeout(timer);
      stream.pauseReading();
      if (hello) resolve(hello);
      else refuse('The first message of a session must be a Hello.');
    });
  });
}
