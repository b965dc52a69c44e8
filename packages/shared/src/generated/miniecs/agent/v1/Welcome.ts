// Original file: proto/agent.proto

import type { Long } from '@grpc/proto-loader';

export interface Welcome {
  'sessionId'?: (string);
  'storeId'?: (string);
  'storeEpoch'?: (number | string | Long);
  'heartbeatMs'?: (number);
  'leaseMs'?: (number);
  'region'?: (string);
  'accountId'?: (string);
}

export interface Welcome__Output {
  'sessionId': (string);
  'storeId': (string);
  'storeEpoch': (number);
  'heartbeatMs': (number);
  'leaseMs': (number);
  'region': (string);
  'accountId': (string);
}
