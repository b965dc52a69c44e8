import type { Logger } from '@mini-ecs/shared';
import type { AgentConfig } from '../config.ts';
import type { OpenStream } from '../session/agent-stream.ts';
import { secureStreams } from '../session/secure-stream.ts';
import type { Timers } from '../timers.ts';
import type { CertificateStore } from './agent-certificate.ts';
import { CertificateKeeper } from './certificate-keeper.ts';

/** How an agent gets at its controllers, once it knows who it is. */
export interface Connection {
  openStream: OpenStream;
  close(): void;
}

/** By gRPC over TLS, with a certificate of this instance. Throws when it can get none: there is no join token. */
export async function secureConnection(
  { cluster, controllers, joinToken }: Pick<AgentConfig, 'cluster' | 'controllers' | 'joinToken'>,
  {
    certificateStore,
    timers,
    log,
    random,
  }: { certificateStore: CertificateStore; timers: Timers; log: Logger; random: () => number },
  instanceId: string,
): Promise<Connection> {
  const who = { cluster, instanceId };
  const keeper = await CertificateKeeper.open({ who, controllers, joinToken, store: certificateStore, timers, log, random });
  return { openStream: secureStreams(keeper), close: () => keeper.close() };
}
