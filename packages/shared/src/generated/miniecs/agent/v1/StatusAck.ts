// Original file: proto/agent.proto

import type { Long } from '@grpc/proto-loader';

export interface StatusAck {
  'sequence'?: (number | string | Long);
  'unknownTasks'?: (string)[];
}

export interface StatusAck__Output {
  'sequence': (number);
  'unknownTasks': (string)[];
}
