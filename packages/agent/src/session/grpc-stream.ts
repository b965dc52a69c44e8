import * as grpc from '@grpc/grpc-js';
import { agentProtocol } from '@mini-ecs/shared';
import { controllerChannelOptions } from '../credentials/certificate-calls.ts';
import type { AgentStream, StreamHandlers } from './agent-stream.ts';

/** A full set of assignments of a large instance. */
const maxMessageBytes = 64 * 1024 * 1024;

const channelOptions: grpc.ChannelOptions = {
  ...controllerChannelOptions,
  // The agent has its own back-off: a new channel must not inherit that of the last one.
  'grpc.use_local_subchannel_pool': 1,
  'grpc.max_receive_message_length': maxMessageBytes,
  'grpc.max_send_message_length': maxMessageBytes,
};

export interface GrpcStreamHandlers extends StreamHandlers {
  /** Before `onEnd`: the controller does not take the certificate. */
  onUnauthenticated: (reason: string) => void;
}

export function openGrpcStream(
  endpoint: string,
  credentials: grpc.ChannelCredentials,
  { onMessage, onEnd, onUnauthenticated }: GrpcStreamHandlers,
): AgentStream {
  const client = new agentProtocol.AgentGateway(endpoint, credentials, channelOptions);
  const call = client.Session();
  let ended = false;
  let wake: (() => void)[] = [];
  const finish = (reason: string): void => {
    if (ended) return;
    ended = true;
    for (const resume of wake) resume();
    client.close();
    onEnd(reason);
  };
  call.on('data', onMessage);
  call.on('error', (error: grpc.ServiceError) => {
    const reason = error.details || error.message;
    if (error.code === grpc.status.UNAUTHENTICATED) onUnauthenticated(reason);
    finish(reason);
  });
  call.on('end', () => finish('the controller ended the session'));
  call.on('drain', () => {
    const resumed = wake;
    wake = [];
    for (const resume of resumed) resume();
  });
  return {
    send(message) {
      if (!ended) call.write(message);
    },
    async ready() {
      if (!ended && call.writableNeedDrain) await new Promise<void>((resolve) => wake.push(resolve));
      if (ended) throw new Error('The session has ended.');
    },
    end() {
      if (!ended) call.end();
    },
    destroy() {
      call.cancel();
      finish('cancelled');
    },
  };
}
