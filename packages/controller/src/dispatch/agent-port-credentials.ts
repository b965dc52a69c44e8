/**
 * TLS on the agents' port: the controller shows its certificate, and asks for one of the agent but takes none for an answer, because
 * an agent that has yet to enrol shares the port. Whether a session may go on without one is decided where it is opened.
 */
import * as grpc from '@grpc/grpc-js';
import type { SecureContextOptions } from 'node:tls';
import type { KeyAndCertificate } from '../identity/certificates.ts';
import type { ServerIdentity } from '../identity/server-identity.ts';

export class AgentPortCredentials extends grpc.ServerCredentials {
  constructor(identity: ServerIdentity) {
    const contextOf = ({ key, certificate }: KeyAndCertificate): SecureContextOptions => ({
      key,
      cert: certificate,
      ca: identity.authority,
      // Both ends are ours.
      minVersion: 'TLSv1.3',
    });
    super({ requestCert: true, rejectUnauthorized: false }, contextOf(identity.own));
    identity.onRenewed((own) => this.updateSecureContextOptions(contextOf(own)));
  }

  override _equals(other: grpc.ServerCredentials): boolean {
    return this === other;
  }
}
