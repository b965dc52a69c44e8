/** The gRPC service that agents connect to: one stream an agent, from its Hello to its end. */
import * as grpc from '@grpc/grpc-js';
import { agentProtocol, type AgentGatewayHandlers, type HelloReceived, type Logger } from '@mini-ecs/shared';
import { isIPv6 } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { admit, type AdmissionContext, type Admitted } from './admission.ts';
import { AgentSession, type SessionContext } from './agent-session.ts';
import { AgentStream, type AgentCall } from './agent-stream.ts';
import { refusal, type Refusal } from './refusal.ts';
import type { SessionRegistry } from './session-registry.ts';

/** A full set of thousands of assignments is one message. */
const maxMessageBytes = 64 * 1024 * 1024;
/** How long writes in flight may take to finish, and agents to read that the controller goes. */
const shutdownGraceMs = 1_000;

export interface AgentGatewayOptions {
  sessions: SessionRegistry;
  admission: AdmissionContext;
  context: SessionContext;
  log: Logger;
  helloTimeoutMs: number;
}

export class AgentGateway {
  readonly #options: AgentGatewayOptions;
  readonly #server: grpc.Server;
  /** Streams that are open, and what is still written for those that ended. */
  readonly #serving = new Map<AgentStream, Promise<void>>();
  #isClosing = false;

  constructor(options: AgentGatewayOptions) {
    this.#options = options;
    const { leaseMs } = options.context.config;
    this.#server = new grpc.Server({
      'grpc.max_receive_message_length': maxMessageBytes,
      'grpc.max_send_message_length': maxMessageBytes,
      'grpc.keepalive_time_ms': leaseMs,
      'grpc.keepalive_timeout_ms': leaseMs,
    });
    const handlers: AgentGatewayHandlers = { Session: (call) => this.#accept(call) };
    this.#server.addService(agentProtocol.AgentGateway.service, handlers);
  }

  /** Binds every host to one port, a free one for 0; the port. */
  async listen(hosts: readonly string[], port: number): Promise<number> {
    let bound = port;
    for (const host of hosts) bound = await this.#bind(host, bound);
    return bound;
  }

  /** Tells agents to go elsewhere at once, and lets writes in flight finish unless the store hangs: agents report again. */
  async close(): Promise<void> {
    this.#isClosing = true;
    for (const stream of this.#serving.keys()) stream.refuse(closing);
    const written = Promise.all(this.#serving.values());
    await Promise.race([written, delay(shutdownGraceMs, undefined, { ref: false })]);
    const forced = setTimeout(() => this.#server.forceShutdown(), shutdownGraceMs);
    await new Promise<void>((resolve) => {
      this.#server.tryShutdown(() => resolve());
    });
    clearTimeout(forced);
  }

  #bind(host: string, port: number): Promise<number> {
    const address = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error, bound) => {
        if (error) reject(error);
        else resolve(bound);
      });
    });
  }

  #accept(call: AgentCall): void {
    const stream = new AgentStream(call);
    const served = this.#serve(stream).finally(() => this.#serving.delete(stream));
    this.#serving.set(stream, served);
  }

  async #serve(stream: AgentStream): Promise<void> {
    const { log, helloTimeoutMs } = this.#options;
    if (this.#isClosing) return stream.refuse(closing);
    const hello = await receiveHello(stream, helloTimeoutMs);
    if (!hello) return;
    try {
      const admission = await admit(hello, this.#options.admission);
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
