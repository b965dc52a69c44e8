/** The gRPC service that agents connect to: one stream an agent. */
import * as grpc from '@grpc/grpc-js';
import { agentProtocol, type AgentGatewayHandlers } from '@mini-ecs/shared';
import { isIPv6 } from 'node:net';
import { AgentStream } from './agent-stream.ts';
import { shutdownGraceMs, type SessionHost } from './session-host.ts';

/** A full set of thousands of assignments is one message. */
const maxMessageBytes = 64 * 1024 * 1024;
const keepaliveMs = 30_000;

export class AgentGateway {
  readonly #host: SessionHost;
  readonly #server: grpc.Server;

  constructor(host: SessionHost) {
    this.#host = host;
    this.#server = new grpc.Server({
      'grpc.max_receive_message_length': maxMessageBytes,
      'grpc.max_send_message_length': maxMessageBytes,
      // Bookkeeping for a debugger that nobody attaches, a part of each message's cost.
      'grpc.enable_channelz': 0,
      // Only to be rid of connections that died without a word: whether an agent lives, its heartbeats tell.
      'grpc.keepalive_time_ms': keepaliveMs,
      'grpc.keepalive_timeout_ms': keepaliveMs,
    });
    const handlers: AgentGatewayHandlers = { Session: (call) => this.#host.accept(new AgentStream(call)) };
    this.#server.addService(agentProtocol.AgentGateway.service, handlers);
  }

  /** Binds every host to one port, a free one for 0; the port. */
  async listen(hosts: readonly string[], port: number): Promise<number> {
    let bound = port;
    for (const host of hosts) bound = await this.#bind(host, bound);
    return bound;
  }

  /** Ends the sessions in good order, then the connections. */
  async close(): Promise<void> {
    await this.#host.close();
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
}
