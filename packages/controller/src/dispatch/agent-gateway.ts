/** The gRPC service that agents connect to: one stream an agent, and before it what gives it a certificate. */
import * as grpc from '@grpc/grpc-js';
import {
  agentProtocol,
  type AgentGatewayHandlers,
  type Clock,
  type IssuedCertificateMessage,
  type Logger,
} from '@mini-ecs/shared';
import { isIPv6 } from 'node:net';
import type { Enroller, Issue } from '../identity/enroller.ts';
import { RefusalLog } from '../identity/refusal-log.ts';
import type { ServerIdentity } from '../identity/server-identity.ts';
import { AgentPortCredentials } from './agent-port-credentials.ts';
import { AgentStream, type AgentCall } from './agent-stream.ts';
import { holderOf, noCertificate } from './certificate-holder.ts';
import { shutdownGraceMs, type SessionHost } from './session-host.ts';

/** A full set of thousands of assignments is one message. */
const maxSentBytes = 64 * 1024 * 1024;
/**
 * Anybody can make a controller read that much. The largest message of an agent is its Hello: about 450 bytes for each task of two
 * containers that it knows of, so this is for 18,000 of them. A status report has 500 tasks, a chunk of a log 64 KiB.
 */
const maxReceivedBytes = 8 * 1024 * 1024;
/** An agent has one call open; simulated ones that join at once share a connection, and wait for their turn. */
const maxCallsAConnection = 100;
const keepaliveMs = 30_000;

export interface AgentGatewayOptions {
  host: SessionHost;
  server: ServerIdentity;
  enroller: Enroller;
  clock: Clock;
  log: Logger;
}

export class AgentGateway {
  readonly #host: SessionHost;
  readonly #refusals: RefusalLog;
  readonly #credentials: grpc.ServerCredentials;
  readonly #server: grpc.Server;

  constructor({ host, server, enroller, clock, log }: AgentGatewayOptions) {
    this.#host = host;
    this.#refusals = new RefusalLog({ log, clock });
    this.#credentials = new AgentPortCredentials(server);
    this.#server = new grpc.Server({
      'grpc.max_receive_message_length': maxReceivedBytes,
      'grpc.max_send_message_length': maxSentBytes,
      'grpc.max_concurrent_streams': maxCallsAConnection,
      // Bookkeeping for a debugger that nobody attaches, a part of each message's cost.
      'grpc.enable_channelz': 0,
      // Only to be rid of connections that died without a word: whether an agent lives, its heartbeats tell.
      'grpc.keepalive_time_ms': keepaliveMs,
      'grpc.keepalive_timeout_ms': keepaliveMs,
    });
    const handlers: AgentGatewayHandlers = {
      Session: (call) => this.#openSession(call),
      Enroll: (call, answer) => void this.#answer(enroller.enroll(call.request), answer),
      Renew: (call, answer) => void this.#answer(enroller.renew(call.request), answer),
    };
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

  #openSession(call: AgentCall): void {
    const holder = holderOf(call.getAuthContext());
    if (holder) return this.#host.accept(new AgentStream(call), holder);
    this.#refusals.warn({ peer: call.getPeer() }, 'An agent without a certificate of this cluster was refused.');
    call.emit('error', { code: grpc.status.UNAUTHENTICATED, details: noCertificate });
  }

  async #answer(issuing: Promise<Issue>, answer: grpc.sendUnaryData<IssuedCertificateMessage>): Promise<void> {
    try {
      const issue = await issuing;
      if (issue.issued) answer(null, issue.message);
      else answer({ code: grpc.status.UNAUTHENTICATED, details: issue.reason });
    } catch (error) {
      this.#refusals.warn({ err: error }, 'A certificate could not be issued.');
      answer({ code: grpc.status.UNAVAILABLE, details: 'The store does not answer.' });
    }
  }

  #bind(host: string, port: number): Promise<number> {
    const address = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(address, this.#credentials, (error, bound) => {
        if (error) reject(error);
        else resolve(bound);
      });
    });
  }
}
